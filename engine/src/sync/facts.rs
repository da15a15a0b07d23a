//! What an evaluation knows: the neighbourhood of its object, as data.
//!
//! Evaluation asks by [`Question`]; a question without an answer ends the attempt, the loader fetches
//! all open answers of a batch with a few set queries, and the attempt is made again. So evaluation
//! never touches the database, and no query is made per object.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::model::{AttributeId, ConnectorId, CsId, MvId, ObjectError};
use crate::store::connector_space::CsObject;
use crate::store::metaverse::MvObject;

/// Something an evaluation must know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// A connector space object.
    Cs(CsId),
    /// A metaverse object.
    Mv(MvId),
    /// The connector space objects joined to a metaverse object.
    Links(MvId),
    /// The metaverse objects with a join key.
    MvByKey(AttributeId, Vec<u8>),
    /// The connector space objects with a join key.
    CsByKey(ConnectorId, AttributeId, Vec<u8>),
    /// The connector space object with a name (key form).
    CsByDn(ConnectorId, String),
}

/// Connector space objects joined to one metaverse object, in order of connector, then number.
pub type Links = Arc<[(ConnectorId, CsId)]>;

/// Answers.
#[derive(Debug, Default)]
pub struct Facts {
    pub(super) cs: HashMap<CsId, Option<Arc<CsObject>>>,
    pub(super) mv: HashMap<MvId, Option<Arc<MvObject>>>,
    pub(super) links: HashMap<MvId, Links>,
    pub(super) mv_by_key: HashMap<(AttributeId, Vec<u8>), Arc<[MvId]>>,
    pub(super) cs_by_key: HashMap<(ConnectorId, AttributeId, Vec<u8>), Arc<[CsId]>>,
    pub(super) cs_by_dn: HashMap<(ConnectorId, String), Option<CsId>>,
}

impl Facts {
    /// Forgets answers that a write made untrue.
    pub fn forget<'q>(&mut self, questions: impl IntoIterator<Item = &'q Question>) {
        for question in questions {
            match question {
                Question::Cs(id) => {
                    self.cs.remove(id);
                }
                Question::Mv(id) => {
                    self.mv.remove(id);
                }
                Question::Links(id) => {
                    self.links.remove(id);
                }
                Question::MvByKey(attribute, value) => {
                    self.mv_by_key.remove(&(*attribute, value.clone()));
                }
                Question::CsByKey(connector, attribute, value) => {
                    self.cs_by_key.remove(&(*connector, *attribute, value.clone()));
                }
                Question::CsByDn(connector, key) => {
                    self.cs_by_dn.remove(&(*connector, key.clone()));
                }
            }
        }
    }
}

/// Why an attempt ended without effects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// Questions are open; see [`FactReader::missing`].
    Missing,
    /// The object cannot be synchronized.
    Error(Box<ObjectError>),
}

impl From<ObjectError> for Halt {
    fn from(error: ObjectError) -> Self {
        Self::Error(Box::new(error))
    }
}

/// The result of a part of an evaluation.
pub type Attempt<T> = Result<T, Halt>;

/// Reads facts and remembers what was read and what is missing.
#[derive(Debug)]
pub struct FactReader<'a> {
    facts: &'a Facts,
    read: RefCell<Vec<Question>>,
    missing: RefCell<BTreeSet<Question>>,
}

impl<'a> FactReader<'a> {
    /// A reader that has read nothing yet.
    #[must_use]
    pub fn new(facts: &'a Facts) -> Self {
        Self { facts, read: RefCell::default(), missing: RefCell::default() }
    }

    /// What was read, as often as it was.
    #[must_use]
    pub fn into_read(self) -> Vec<Question> {
        self.read.into_inner()
    }

    /// What is missing.
    #[must_use]
    pub fn missing(&self) -> BTreeSet<Question> {
        self.missing.borrow().clone()
    }

    fn answer<T: Clone>(&self, question: Question, found: Option<&T>) -> Attempt<T> {
        match found {
            Some(answer) => {
                self.read.borrow_mut().push(question);
                Ok(answer.clone())
            }
            None => {
                self.missing.borrow_mut().insert(question);
                Err(Halt::Missing)
            }
        }
    }

    /// A connector space object; `None` when it does not exist.
    ///
    /// # Errors
    /// [`Halt::Missing`] when it is not known yet. The same holds for all methods below.
    pub fn cs(&self, id: CsId) -> Attempt<Option<Arc<CsObject>>> {
        self.answer(Question::Cs(id), self.facts.cs.get(&id))
    }

    /// A metaverse object; `None` when it does not exist.
    ///
    /// # Errors
    /// [`Halt::Missing`].
    pub fn mv(&self, id: MvId) -> Attempt<Option<Arc<MvObject>>> {
        self.answer(Question::Mv(id), self.facts.mv.get(&id))
    }

    /// The objects joined to a metaverse object.
    ///
    /// # Errors
    /// [`Halt::Missing`].
    pub fn links(&self, id: MvId) -> Attempt<Links> {
        self.answer(Question::Links(id), self.facts.links.get(&id))
    }

    /// The objects joined to each of many metaverse objects.
    ///
    /// # Errors
    /// [`Halt::Missing`] with all that are missing.
    pub fn links_of_all(&self, ids: &[MvId]) -> Attempt<Vec<Links>> {
        let answers: Vec<Attempt<Links>> = ids.iter().map(|id| self.links(*id)).collect();
        answers.into_iter().collect()
    }

    /// Many connector space objects; those that do not exist are left out.
    ///
    /// # Errors
    /// [`Halt::Missing`] with all that are missing.
    pub fn cs_all(&self, ids: &[CsId]) -> Attempt<Vec<Arc<CsObject>>> {
        let answers: Vec<Attempt<Option<Arc<CsObject>>>> = ids.iter().map(|id| self.cs(*id)).collect();
        let mut objects = Vec::with_capacity(ids.len());
        for answer in answers {
            objects.extend(answer?);
        }
        Ok(objects)
    }

    /// The metaverse objects with any of the keys, in order of their numbers.
    ///
    /// # Errors
    /// [`Halt::Missing`].
    pub fn mv_by_keys(&self, attribute: AttributeId, keys: &[Vec<u8>]) -> Attempt<BTreeSet<MvId>> {
        let answers: Vec<Attempt<Arc<[MvId]>>> = keys
            .iter()
            .map(|key| {
                let place = (attribute, key.clone());
                self.answer(Question::MvByKey(attribute, key.clone()), self.facts.mv_by_key.get(&place))
            })
            .collect();
        let mut found = BTreeSet::new();
        for answer in answers {
            found.extend(answer?.iter().copied());
        }
        Ok(found)
    }

    /// The connector space objects with any of the keys, in order of their numbers.
    ///
    /// # Errors
    /// [`Halt::Missing`].
    pub fn cs_by_keys(&self, connector: ConnectorId, attribute: AttributeId, keys: &[Vec<u8>]) -> Attempt<BTreeSet<CsId>> {
        let answers: Vec<Attempt<Arc<[CsId]>>> = keys
            .iter()
            .map(|key| {
                let place = (connector, attribute, key.clone());
                self.answer(Question::CsByKey(connector, attribute, key.clone()), self.facts.cs_by_key.get(&place))
            })
            .collect();
        let mut found = BTreeSet::new();
        for answer in answers {
            found.extend(answer?.iter().copied());
        }
        Ok(found)
    }

    /// The connector space object with a name.
    ///
    /// # Errors
    /// [`Halt::Missing`].
    pub fn cs_by_dn(&self, connector: ConnectorId, dn_key: &str) -> Attempt<Option<CsId>> {
        let place = (connector, dn_key.to_owned());
        self.answer(Question::CsByDn(connector, dn_key.to_owned()), self.facts.cs_by_dn.get(&place))
    }
}
