//! Export: one change after the other, each so that it can be sent twice without harm.

use std::cell::{Cell, RefCell};

use ldap3::LdapResult;
use ldap3::controls::{Assertion, RawControl};

use super::directory::Directory;
use super::link::{Link, Living, leaves_unusable};
use super::modification::{Requests, octets, requests};
use super::octets::escaped;
use super::refusal::{Doing, is_passing, refusal};
use super::server::Words;
use super::session::{Change, Modification, ModificationKind, Search};
use crate::connector::{
    Anchor, CancelToken, ConnectorError, ConnectorErrorKind, ExportChange, ExportOperation, ExportOutcome, ExportResult,
};
use crate::model::{AlgorithmStep, Dn, ErrorCode, ObjectError};

/// LDAP results (RFC 4511, RFC 4528).
const NO_SUCH_OBJECT: u32 = 32;
const EXISTS: u32 = 68;
const ASSERTION_FAILED: u32 = 122;

/// Why a change was not made.
enum Stop {
    /// The directory refused it.
    Refused(Box<ObjectError>),
    /// The directory cannot take it now.
    Passing(Box<ObjectError>),
    /// The directory could not be asked.
    Lost(ConnectorError),
}

impl From<ConnectorError> for Stop {
    fn from(error: ConnectorError) -> Self {
        Self::Lost(error)
    }
}

/// Sends changes; after a lost connection the change at hand is sent once more over a new one.
/// Fewer results than changes mean that the directory could not be reached any more.
pub(in crate::connector) fn export<D: Directory>(
    link: &mut Link<D>,
    changes: &[&ExportChange],
    cancel: &CancelToken,
) -> Result<Vec<ExportResult>, ConnectorError> {
    let mut results = Vec::with_capacity(changes.len());
    for change in changes {
        if cancel.is_cancelled() {
            break;
        }
        let outcome = match send(link, change, false) {
            Err(Stop::Lost(error)) if error.kind == ConnectorErrorKind::Dropped => {
                tracing::warn!(%error, dn = %change.dn, "connecting again to export");
                send(link, change, true)
            }
            other => other,
        };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(Stop::Refused(error)) => ExportOutcome::Refused(*error),
            Err(Stop::Passing(error)) => ExportOutcome::Transient(*error),
            Err(Stop::Lost(error)) if results.is_empty() => return Err(error),
            Err(Stop::Lost(error)) => {
                ExportOutcome::Transient(ObjectError::new(ErrorCode::CD_CONNECTIVITY, error.message).at(AlgorithmStep::Export))
            }
        };
        let lost = matches!(outcome, ExportOutcome::Transient(_));
        results.push(ExportResult { outcome });
        if lost {
            break;
        }
    }
    Ok(results)
}

/// `again` says that the change was sent before, and the answer was lost.
fn send<D: Directory>(link: &mut Link<D>, change: &ExportChange, again: bool) -> Result<ExportOutcome, Stop> {
    let result = link
        .living()
        .map_err(Stop::Lost)
        .and_then(|living| Writer { living, change, again, found: RefCell::new(None), created: Cell::new(false) }.send());
    if let Err(Stop::Lost(error)) = &result
        && leaves_unusable(error)
    {
        link.close();
    }
    result
}

/// One change on one connection.
struct Writer<'a, D: Directory> {
    living: Living<'a, D>,
    change: &'a ExportChange,
    /// It was sent before, and the answer was lost.
    again: bool,
    /// The object's name once it is another than the change says.
    found: RefCell<Option<String>>,
    /// The object was made by this change, so that it has another identity than the change says.
    created: Cell<bool>,
}

impl<D: Directory> Writer<'_, D> {
    fn send(&self) -> Result<ExportOutcome, Stop> {
        match &self.change.operation {
            ExportOperation::Add => self.add(),
            ExportOperation::Update { new_dn } => self.update(new_dn.as_deref()),
            ExportOperation::Delete => self.delete().map(|()| done(None, Vec::new())),
            ExportOperation::DeleteAdd => self.delete().and_then(|()| self.add()),
        }
    }

    /// The identity of the object, as far as it is known.
    fn anchor(&self) -> Option<&Anchor> {
        self.change.anchor.as_ref().filter(|_| !self.created.get())
    }

    /// The object by its identity, wherever it has been moved to.
    fn target(&self) -> String {
        let named = self.anchor().and_then(|anchor| self.living.settings.identity_name(anchor));
        named.or_else(|| self.found.borrow().clone()).unwrap_or_else(|| self.change.dn.clone())
    }

    fn ask(&self, request: Change, controls: Vec<RawControl>) -> Result<LdapResult, Stop> {
        let doing = format!("change {}", self.change.dn);
        Ok(self.living.session.change(request, controls, self.living.session.timeout(), &doing)?)
    }

    /// What only this object fits, where names alone are no identity.
    fn guard(&self) -> Option<String> {
        self.anchor().and_then(|anchor| self.living.settings.guard(anchor))
    }

    /// Changes the object, wherever it is, and no other one that has got its name.
    fn ask_object(&self, request: impl Fn(String) -> Change) -> Result<LdapResult, Stop> {
        let Some(guard) = self.guard() else { return self.ask(request(self.target()), Vec::new()) };
        if D::asserts(self.living.facts)
            && let Some(control) = assertion(&guard)
        {
            let result = self.ask(request(self.target()), vec![control])?;
            if !matches!(result.rc, NO_SUCH_OBJECT | ASSERTION_FAILED) {
                return Ok(result);
            }
        }
        match D::locate(self.living, &guard, &self.change.dn)? {
            Some(dn) => {
                self.found.replace(Some(dn));
                self.ask(request(self.target()), Vec::new())
            }
            None => Ok(LdapResult {
                rc: NO_SUCH_OBJECT,
                matched: String::new(),
                text: String::new(),
                refs: Vec::new(),
                ctrls: Vec::new(),
            }),
        }
    }

    /// The object's present name; `None` when it is gone.
    fn present(&self) -> Result<Option<String>, Stop> {
        match self.guard() {
            Some(guard) => Ok(D::locate(self.living, &guard, &self.change.dn)?),
            None => Ok(self.living.object(self.search(&self.target()), "show an object")?.map(|entry| entry.dn)),
        }
    }

    fn words(&self) -> &'static Words {
        self.living.session.server().words
    }

    /// A search for one object that asks for no more than its identity.
    fn search(&self, name: &str) -> Search {
        self.living.base_search(name, &[self.living.settings.anchor_attribute()])
    }

    fn refused(&self, doing: Doing, result: &LdapResult, attributes: &[&str]) -> Stop {
        let error = Box::new(refusal(self.words(), doing, &self.change.dn, result.rc, &result.text, attributes));
        if is_passing(result.rc) { Stop::Passing(error) } else { Stop::Refused(error) }
    }

    fn add(&self) -> Result<ExportOutcome, Stop> {
        let Requests { first, rest } = requests(self.living.settings, self.change, true).map_err(Stop::Refused)?;
        let names: Vec<String> = first.iter().map(|(name, _)| name.clone()).filter(|name| name != "objectClass").collect();
        let ours = self.again.then(|| describing(&first));
        let result = self.ask(Change::Add { dn: self.change.dn.clone(), attributes: first }, Vec::new())?;
        let made_before = match ours {
            Some(ours) if result.rc == EXISTS => self.shows(&self.change.dn, ours)?,
            Some(_) | None => false,
        };
        if result.rc != 0 && !made_before {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            // A name or a parent that does not fit is no fault of an attribute.
            let named = if matches!(result.rc, 32 | 68) { &[] } else { names.as_slice() };
            return Err(self.refused(Doing::Add, &result, named));
        }
        self.created.set(true);
        self.found.replace(None);
        let mut unresolved = Vec::new();
        for request in rest {
            // The object is there now: what is missing of it is sent again as a change.
            let names: Vec<String> = request.iter().map(|part| part.attribute.clone()).collect();
            match self.modify(request) {
                Ok(names) => unresolved.extend(names),
                Err(Stop::Refused(_) | Stop::Passing(_)) => unresolved.extend(names),
                Err(stop @ Stop::Lost(_)) => return Err(stop),
            }
        }
        let created = self.living.object(self.search(&self.change.dn), "show the new object")?;
        let anchor = created.and_then(|entry| self.living.settings.anchor(&entry));
        Ok(done(anchor, unresolved))
    }

    fn update(&self, new_dn: Option<&str>) -> Result<ExportOutcome, Stop> {
        // Judged before anything is sent, so that a forbidden attribute leaves the object untouched.
        let Requests { rest, .. } = requests(self.living.settings, self.change, false).map_err(Stop::Refused)?;
        if let Some(new_dn) = new_dn {
            self.rename(new_dn)?;
        }
        let mut unresolved = Vec::new();
        for request in rest {
            unresolved.extend(self.modify(request)?);
        }
        Ok(done(None, unresolved))
    }

    fn rename(&self, new_dn: &str) -> Result<(), Stop> {
        let malformed = |dn: &str| {
            let message = format!("{dn} is no name that an object can have; change the rule that names the object");
            Stop::Refused(Box::new(ObjectError::new(ErrorCode::INVALID_DN, message).value(dn).at(AlgorithmStep::Export)))
        };
        let new = Dn::parse(new_dn).map_err(|_unused| malformed(new_dn))?;
        // By its present name, which may be another than the one known here: not every server finds the parent
        // of an object that is named by its identity.
        let present = self.present()?.unwrap_or_else(|| self.change.dn.clone());
        let old = Dn::parse(&present).map_err(|_unused| malformed(&present))?;
        if old == new && old.as_str() == new.as_str() {
            // Renamed by an earlier attempt whose answer was lost.
            self.found.replace(Some(present));
            return Ok(());
        }
        let parent = new.parent().filter(|parent| old.parent().as_ref() != Some(parent));
        let request = Change::Rename {
            target: present,
            rdn: new.rdn_text().to_owned(),
            parent: parent.as_ref().map(|parent| parent.as_str().to_owned()),
        };
        let result = self.ask(request, Vec::new())?;
        if result.rc == 0 {
            self.found.replace(Some(new_dn.to_owned()));
            return Ok(());
        }
        if let (Some(_), Some(parent)) = (self.present()?, parent)
            && self.living.object(self.search(parent.as_str()), "show a container")?.is_none()
        {
            // Servers have several codes for this one.
            return Err(Stop::Refused(Box::new(refusal(self.words(), Doing::Add, &self.change.dn, 32, &result.text, &[]))));
        }
        Err(self.refused(Doing::Rename, &result, &[]))
    }

    fn delete(&self) -> Result<(), Stop> {
        let result = self.ask_object(|target| Change::Delete { target })?;
        // An object that is gone is deleted.
        if matches!(result.rc, 0 | 32) { Ok(()) } else { Err(self.refused(Doing::Delete, &result, &[])) }
    }

    /// Sends modifications. When some values of a request are there already, or gone already, or refer to
    /// nothing, the request is halved until those stand alone. Gives the attributes with references to
    /// objects that are not there.
    fn modify(&self, parts: Vec<Modification>) -> Result<Vec<String>, Stop> {
        let mut unresolved = Vec::new();
        let mut open = vec![parts];
        while let Some(parts) = open.pop() {
            let result = self.ask_object(|target| Change::Modify { target, parts: parts.clone() })?;
            if result.rc == 0 {
                continue;
            }
            let about_values = matches!(result.rc, 16 | 20 | 32 | 34 | 53 | 68);
            if about_values && let Some((left, right)) = halves(&parts) {
                // The last one is taken next: deletions stay before additions.
                open.push(right);
                open.push(left);
                continue;
            }
            match self.judge(&parts, &result)? {
                Single::Settled => {}
                Single::Unresolved(attribute) => unresolved.push(attribute),
                Single::Refused => {
                    let names: Vec<&str> = parts.iter().map(|part| part.attribute.as_str()).collect();
                    return Err(self.refused(Doing::Modify, &result, &names));
                }
            }
        }
        unresolved.sort_unstable();
        unresolved.dedup();
        Ok(unresolved)
    }

    /// What a refused modification of one value comes to: what the object shows decides, not the server's code.
    fn judge(&self, parts: &[Modification], result: &LdapResult) -> Result<Single, Stop> {
        let [part] = parts else { return Ok(Single::Refused) };
        let ([value], 16 | 20 | 32 | 34 | 53 | 68) = (part.values.as_slice(), result.rc) else { return Ok(Single::Refused) };
        if part.kind == ModificationKind::Replace {
            return self.reference(part, value);
        }
        let mut search = self.search(&self.target());
        search.filter = format!("({}={})", part.attribute, escaped(value));
        let doing = format!("show {}", self.change.dn);
        let holds = match self.living.session.search(search, &doing, None) {
            Ok(found) => !found.is_empty(),
            Err(error) if error.kind == ConnectorErrorKind::PartitionMissing => return Ok(Single::Refused),
            Err(error) => return Err(error.into()),
        };
        if holds == (part.kind == ModificationKind::Add) {
            return Ok(Single::Settled);
        }
        self.reference(part, value)
    }

    /// True when the object of this name fits a filter.
    fn shows(&self, name: &str, filter: String) -> Result<bool, Stop> {
        let search = Search { filter, ..self.search(name) };
        match self.living.object(search, &format!("show {}", self.change.dn)) {
            Ok(found) => Ok(found.is_some()),
            // A filter that the server does not take shows nothing.
            Err(error) if error.kind == ConnectorErrorKind::Search => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// A value that could not be set: does it refer to an object that is not there?
    fn reference(&self, part: &Modification, value: &[u8]) -> Result<Single, Stop> {
        let is_reference = self.change.attributes.get(&part.attribute).is_some_and(|change| self.refers_to(change, value));
        let Some(name) = std::str::from_utf8(value).ok().filter(|_| is_reference) else { return Ok(Single::Refused) };
        if part.kind == ModificationKind::Delete {
            return Ok(Single::Refused);
        }
        let found = self.living.object(self.search(name), "show the target of a reference")?;
        let itself = self.present()?;
        Ok(if found.is_none() && itself.is_some() { Single::Unresolved(part.attribute.clone()) } else { Single::Refused })
    }

    /// True when a change sets a reference that is written so.
    fn refers_to(&self, change: &crate::connector::ExportAttributeChange, value: &[u8]) -> bool {
        use crate::connector::{ExportAttributeChange as Wanted, ExportValue};
        let values = match change {
            Wanted::Replace(values) | Wanted::Values { adds: values, .. } => values.as_slice(),
            Wanted::Delete => &[],
        };
        values.iter().any(|wanted| matches!(wanted, ExportValue::Reference(_)) && octets(self.living.settings, wanted) == value)
    }
}

/// What became of one refused value.
enum Single {
    /// The object is as it should be.
    Settled,
    /// The value refers to nothing.
    Unresolved(String),
    /// The refusal stands.
    Refused,
}

/// What only an object with all these values fits: the server compares them in its own way.
fn describing(attributes: &[(String, Vec<Vec<u8>>)]) -> String {
    let mut filter = "(&".to_owned();
    for (name, values) in attributes {
        filter.extend(values.iter().map(|value| format!("({name}={})", escaped(value))));
    }
    filter.push(')');
    filter
}

/// The control with which a change is made only if the object fits a filter.
fn assertion(filter: &str) -> Option<RawControl> {
    ldap3::parse_filter(filter).is_ok().then(|| {
        let mut control = RawControl::from(Assertion { filter });
        control.crit = true;
        control
    })
}

/// The two halves of a request; `None` when it is a single value, or a replacement, which is never cut.
fn halves(parts: &[Modification]) -> Option<(Vec<Modification>, Vec<Modification>)> {
    if let [part] = parts {
        if part.values.len() < 2 || part.kind == ModificationKind::Replace {
            return None;
        }
        let (left, right) = part.values.split_at(part.values.len() / 2);
        let piece = |values: &[Vec<u8>]| vec![Modification { values: values.to_vec(), ..part.clone() }];
        return Some((piece(left), piece(right)));
    }
    (parts.len() > 1).then(|| {
        let (left, right) = parts.split_at(parts.len() / 2);
        (left.to_vec(), right.to_vec())
    })
}

fn done(anchor: Option<Anchor>, unresolved: Vec<String>) -> ExportOutcome {
    ExportOutcome::Success { anchor, unresolved, warnings: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_object_is_described_by_all_it_was_given() {
        let given =
            |name: &str, values: &[&[u8]]| (name.to_owned(), values.iter().map(|value| value.to_vec()).collect::<Vec<_>>());
        let filter = describing(&[given("objectClass", &[b"user"]), given("x", &[b"1", b"*"])]);
        assert_eq!(filter, "(&(objectClass=\\75\\73\\65\\72)(x=\\31)(x=\\2a))");
        assert!(ldap3::parse_filter(&filter).is_ok());
    }

    #[test]
    fn requests_are_halved_down_to_single_values() {
        let part = |kind, attribute: &str, count: usize| Modification {
            kind,
            attribute: attribute.to_owned(),
            values: (0..count).map(|number| vec![u8::try_from(number).unwrap()]).collect(),
        };
        let (add, replace) = (ModificationKind::Add, ModificationKind::Replace);
        let (left, right) = halves(&[part(add, "member", 5)]).unwrap();
        assert_eq!((left[0].values.len(), right[0].values.len()), (2, 3));
        let (left, right) = halves(&[part(replace, "mail", 1), part(add, "member", 5), part(add, "x", 1)]).unwrap();
        assert_eq!((left.len(), right.len()), (1, 2));
        assert_eq!(halves(&[part(add, "member", 1)]), None);
        assert_eq!(halves(&[part(replace, "member", 7)]), None);
        assert_eq!(halves(&[]), None);
    }
}
