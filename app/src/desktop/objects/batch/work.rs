//! What a batch does to each of its objects: tried first, then done.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use syncline_engine::connector::CancelToken;
use syncline_engine::service::{CsObjectView, LayerView, MvSearch, PreviewView, SearchClause, SearchOperator, SyncMode};
use uuid::Uuid;

use super::super::super::backend::{Backend, sentence};
use super::super::by_hand::Consequences;

/// What is done to every object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Only tried: what synchronizing it would do.
    Preview(SyncMode),
    /// Synchronized for real.
    Commit(SyncMode),
    /// Joined to the one metaverse object with the same value.
    Join {
        /// Attribute of the object.
        own: String,
        /// Attribute of the metaverse object.
        metaverse: String,
    },
    /// Its metaverse object is taken away.
    Disconnect {
        /// Rules leave it alone from then on.
        explicit: bool,
    },
    /// A disconnector that is made explicit or normal.
    SetType {
        /// Explicit, not normal.
        explicit: bool,
    },
}

/// How it went with one object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Nothing was tried yet.
    #[default]
    Waiting,
    /// It was tried and would work.
    Tried,
    /// It was done.
    Done,
    /// The operation is not for this object.
    LeftOut,
    /// It failed, or would fail.
    Failed,
}

impl State {
    /// The word in the list.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Tried => "Tried",
            Self::Done => "Done",
            Self::LeftOut => "Left out",
            Self::Failed => "Failed",
        }
    }
}

/// The result of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How it went.
    pub state: State,
    /// What would happen or has happened, in a sentence.
    pub text: String,
    /// It would delete something.
    pub deletes: bool,
    /// The metaverse object that a join was tried with.
    candidate: Option<Uuid>,
}

impl Outcome {
    fn left_out(text: &str) -> Self {
        Self { state: State::LeftOut, text: text.to_owned(), ..Self::default() }
    }

    fn failed(text: String) -> Self {
        Self { state: State::Failed, text, ..Self::default() }
    }
}

/// Results as they come in; shared with the thread at work.
#[derive(Clone, Debug, Default)]
pub struct Results(Arc<Mutex<Vec<Option<Outcome>>>>);

impl Results {
    /// Room for as many objects.
    #[must_use]
    pub fn new(objects: usize) -> Self {
        Self(Arc::new(Mutex::new(vec![None; objects])))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Outcome>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, index: usize, outcome: Outcome) {
        if let Some(place) = self.lock().get_mut(index) {
            *place = Some(outcome);
        }
    }

    /// Takes out what came in since the last time.
    pub fn drain(&self) -> Vec<(usize, Outcome)> {
        self.lock().iter_mut().enumerate().filter_map(|(index, place)| Some((index, place.take()?))).collect()
    }
}

/// Goes through the objects; what was tried before stands beside each.
pub fn run(
    engine: &dyn Backend,
    operation: &Operation,
    objects: &[(usize, Uuid, Outcome)],
    commit: bool,
    cancel: &CancelToken,
    results: &Results,
) {
    for (index, guid, before) in objects {
        if cancel.is_cancelled() {
            return;
        }
        let outcome = if commit { carry_out(engine, operation, *guid, before) } else { attempt(engine, operation, *guid) };
        results.put(*index, outcome.unwrap_or_else(Outcome::failed));
    }
}

/// What it would do to one object; nothing is written.
fn attempt(engine: &dyn Backend, operation: &Operation, guid: Uuid) -> Result<Outcome, String> {
    let ask = |answer: Result<PreviewView, _>| answer.map_err(|error| sentence(&error));
    let view = |mode| ask(engine.preview(guid, mode));
    match operation {
        Operation::Preview(mode) | Operation::Commit(mode) => Ok(tried(&view(*mode)?, None)),
        Operation::Join { own, metaverse } => {
            let object = engine.cs_object(guid).map_err(|error| sentence(&error))?;
            if object.metaverse.is_some() {
                return Ok(Outcome::left_out("It is joined already."));
            }
            let candidate = match candidate(engine, &object, own, metaverse)? {
                Ok(candidate) => candidate,
                Err(reason) => return Ok(Outcome::failed(reason)),
            };
            Ok(tried(&ask(engine.preview_join(guid, candidate))?, Some(candidate)))
        }
        Operation::Disconnect { explicit } | Operation::SetType { explicit } => {
            let joined = engine.cs_object(guid).map_err(|error| sentence(&error))?.metaverse.is_some();
            match (joined, operation) {
                (false, Operation::Disconnect { .. }) => Ok(Outcome::left_out("It is not joined.")),
                (true, Operation::SetType { .. }) => Ok(Outcome::left_out("It is joined; disconnect it instead.")),
                _ => Ok(tried(&ask(engine.preview_disconnection(guid, *explicit))?, None)),
            }
        }
    }
}

/// Does it to one object, unless trying it has shown that it would fail.
fn carry_out(engine: &dyn Backend, operation: &Operation, guid: Uuid, before: &Outcome) -> Result<Outcome, String> {
    let done = |text: &str| Outcome { state: State::Done, text: text.to_owned(), ..Outcome::default() };
    let after = |answer: Result<CsObjectView, _>, text| answer.map(|_| done(text)).map_err(|error| sentence(&error));
    match operation {
        Operation::Preview(_) => Ok(before.clone()),
        Operation::Commit(mode) => {
            let view = engine.commit_preview(guid, *mode).map_err(|error| sentence(&error))?;
            let told = tried(&view, None);
            Ok(if told.state == State::Failed { told } else { Outcome { state: State::Done, ..told } })
        }
        Operation::Join { .. } => match before.candidate {
            Some(candidate) => after(engine.join_object(guid, candidate), "Joined as an explicit connector."),
            None => Ok(before.clone()),
        },
        Operation::Disconnect { explicit } | Operation::SetType { explicit } => {
            let text = if *explicit { "An explicit disconnector now." } else { "A normal disconnector now." };
            after(engine.disconnect_object(guid, *explicit), text)
        }
    }
}

fn tried(view: &PreviewView, candidate: Option<Uuid>) -> Outcome {
    let mut consequences = Consequences::default();
    consequences.add(view);
    let (text, failing, deletes) = consequences.sentence();
    Outcome { state: if failing { State::Failed } else { State::Tried }, text, deletes, candidate }
}

/// The one metaverse object that has the object's value; otherwise why there is none.
fn candidate(engine: &dyn Backend, object: &CsObjectView, own: &str, metaverse: &str) -> Result<Result<Uuid, String>, String> {
    let Some(value) = first_value(&object.import, own) else {
        return Ok(Err(format!("It has no value of {own}.")));
    };
    let clause = SearchClause { attribute: metaverse.to_owned(), operator: SearchOperator::Equals, value: value.to_owned() };
    let search = MvSearch { clauses: vec![clause], limit: 2, ..MvSearch::default() };
    let found = engine.search_metaverse(&search).map_err(|error| sentence(&error))?;
    Ok(match found.rows.as_slice() {
        [only] => Ok(only.guid),
        [] => Err(format!("No metaverse object has {metaverse} = {value}.")),
        _ => Err(format!("{} metaverse objects have {metaverse} = {value}.", found.total)),
    })
}

fn first_value<'a>(layer: &'a LayerView, name: &str) -> Option<&'a str> {
    let attribute = layer.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))?;
    crate::cli::cs::present(attribute).first().map(|value| value.text.as_str())
}
