//! What an import asks for, and from entries to import items.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

use ldap3::Scope;

use super::dir_sync::Changes;
use super::schema::{object_type, type_filter};
use crate::connector::ldap::entry::RawEntry;
use crate::connector::ldap::failure::{Fault, request_failed};
use crate::connector::ldap::octets::hexadecimal;
use crate::connector::ldap::selection::Selection;
use crate::connector::ldap::server::{ACTIVE_DIRECTORY, Words};
use crate::connector::ldap::session::{Search, Session};
use crate::connector::ldap::verdict::{Judge, bad};
use crate::connector::{Anchor, ConnectorError, ConnectorErrorKind, ImportEntry, ImportItem, ImportRequest, ReferenceChanges};
use crate::model::{Dn, ErrorCode, ObjectError, ValueType, fold_text};

/// Values of `member` in the first answer: what domain controllers give at once.
const FIRST_RANGE: u64 = 1500;

/// Values asked for in each further answer; domain controllers cut it to what they give at once.
const NEXT_RANGE: u64 = 20_000;

/// How often a ranged attribute is read again because the object changed meanwhile.
const RANGE_ATTEMPTS: u32 = 3;

/// `instanceType` of the head of a partition.
const PARTITION_HEAD: i64 = 0x1;

/// What an import asks for and keeps.
pub(super) struct ImportPlan<'a> {
    pub(super) selection: Selection<'a>,
    pub(super) filter: String,
    /// Attributes as the server is asked for them.
    pub(super) requested: Vec<String>,
    /// Attributes that are asked for in pieces.
    ranged: Vec<&'a str>,
    /// Wanted attributes of any number of references, folded.
    pub(super) links: BTreeSet<String>,
}

impl<'a> ImportPlan<'a> {
    /// Plans an import. `active_directory` says that the server can give values piece by piece and numbers
    /// its changes.
    pub(super) fn new(request: &'a ImportRequest, active_directory: bool) -> Result<Self, ConnectorError> {
        let selection = Selection::new(request)?;
        let (mut ranged, mut links) = (Vec::new(), BTreeSet::new());
        let mut requested: Vec<String> = ["objectClass", "objectGUID", "instanceType"].map(str::to_owned).to_vec();
        if active_directory {
            requested.push("uSNChanged".to_owned());
        }
        for definition in selection.attributes.iter().filter_map(|name| selection.schema.attribute(name)) {
            if definition.multi_valued && definition.value_type == ValueType::Reference {
                links.insert(fold_text(&definition.name));
            }
            if active_directory && definition.name.eq_ignore_ascii_case("member") {
                // Asked for in pieces from the start: a large group never fills one answer.
                requested.push(format!("{};range=0-{}", definition.name, FIRST_RANGE - 1));
                ranged.push(definition.name.as_str());
            } else {
                requested.push(definition.name.clone());
            }
        }
        let mut seen = BTreeSet::new();
        requested.retain(|name| seen.insert(fold_text(name)));
        Ok(Self { filter: type_filter(&selection.types), selection, requested, ranged, links })
    }

    /// Names of the attributes that are asked for in pieces.
    pub(super) fn ranged(&self) -> impl Iterator<Item = &'a str> + use<'a, '_> {
        self.ranged.iter().copied()
    }

    /// True when the class of an entry is an object type of the schema.
    pub(super) fn knows_class(&self, entry: &RawEntry) -> bool {
        object_type(self.selection.schema, &entry.texts("objectClass").collect::<Vec<_>>()).is_some()
    }

    /// The attributes to ask for when these, whose names are folded, are left out.
    pub(super) fn requested_without(&self, left_out: &BTreeSet<String>) -> Vec<String> {
        let wanted = |described: &&String| {
            let name = described.split(';').next().unwrap_or(described);
            !left_out.contains(&fold_text(name))
        };
        self.requested.iter().filter(wanted).cloned().collect()
    }

    /// The links that need not be read of a changed object, folded: those of many references that did not change, and
    /// those whose changes are told value by value.
    pub(super) fn needless_links(&self, changes: &Changes) -> BTreeSet<String> {
        let ranged = self.ranged.iter().map(|name| fold_text(name)).filter(|name| self.links.contains(name));
        ranged.chain(changes.values.keys().cloned()).filter(|name| !changes.whole.contains(name)).collect()
    }

    /// What is handed over of an object that was read without some links: what is told of these, and everything else.
    /// An object that has no such links is whole without them.
    pub(super) fn part(&self, mut entry: ImportEntry, left_out: &BTreeSet<String>, changes: &Changes) -> ImportEntry {
        let has = |name: &String| self.selection.schema.attribute_of(&entry.object_type, name).is_some();
        if changes.values.is_empty() && !left_out.iter().any(has) {
            return entry;
        }
        for name in self.selection.wanted.iter().filter(|name| !left_out.contains(*name)) {
            if let Some(definition) = self.selection.schema.attribute(name) {
                entry.attributes.entry(definition.name.clone()).or_default();
            }
        }
        for (name, values) in changes.values.iter().filter(|(name, _)| left_out.contains(*name)) {
            let Some(definition) = self.selection.schema.attribute(name) else { continue };
            let told = |wanted: bool| values.iter().filter(|(_, came)| **came == wanted).map(|(dn, _)| dn.clone()).collect();
            let changes = ReferenceChanges { added: told(true), removed: told(false) };
            entry.changed_references.insert(definition.name.clone(), changes);
        }
        ImportEntry { partial: true, ..entry }
    }

    /// The filter for changes: the wanted objects, and containers whose names are part of theirs.
    pub(super) fn change_filter(&self) -> String {
        format!("(|{}(objectClass=organizationalUnit)(objectClass=container))", self.filter)
    }

    /// Turns an entry into what is handed over; `None` when it is not of interest. Values that the server
    /// held back are fetched through `session`.
    pub(super) fn item(
        &self,
        entry: RawEntry,
        session: &Session,
        timeout: Duration,
        request: &ImportRequest,
    ) -> Result<Option<ImportItem>, ConnectorError> {
        let (mut entry, anchor, object_type) = match self.sort_out(entry) {
            ControlFlow::Continue(object) => object,
            ControlFlow::Break(instead) => return Ok(instead),
        };
        match complete_ranges(&mut entry, &anchor, session, timeout, request)? {
            Completion::Complete => {}
            Completion::Gone => return Ok(None),
            Completion::Unsteady(attribute) => {
                let message = format!(
                    "attribute \"{attribute}\" changed each of the {RANGE_ATTEMPTS} times it was read: run the import again"
                );
                return Ok(Some(bad(entry.dn, ObjectError::new(ErrorCode::PARSE_ERROR, message).attribute(attribute))));
            }
        }
        Ok(Some(self.object(entry, anchor, object_type)))
    }
}

impl<'a> Judge<'a> for ImportPlan<'a> {
    fn selection(&self) -> &Selection<'a> {
        &self.selection
    }

    fn words(&self) -> &'static Words {
        &ACTIVE_DIRECTORY
    }

    /// The head of another partition, which this one tells too: what is to be said of it, its own partition says.
    fn is_elsewhere(&self, entry: &RawEntry) -> bool {
        is_head(entry) && Dn::parse(&entry.dn).is_ok_and(|dn| dn != self.selection.partition)
    }

    fn object_type(&self, _entry: &RawEntry, classes: &[&str]) -> Result<Option<&'a str>, Box<ObjectError>> {
        let Some(object_type) = object_type(self.selection.schema, classes) else {
            let message = "none of the object's classes is an object type of this connector: refresh the schema";
            let error = ObjectError::new(ErrorCode::UNMAPPABLE_OBJECT_TYPE, message);
            return Err(Box::new(error.attribute("objectClass").value(&classes.join(" "))));
        };
        Ok(self.selection.types.contains(&object_type).then_some(object_type))
    }

    fn anchor(&self, entry: &RawEntry) -> Option<Anchor> {
        entry.first("objectGUID").filter(|guid| guid.len() == 16).map(|guid| Anchor(guid.to_vec()))
    }

    fn without_anchor(&self, _entry: &RawEntry) -> ObjectError {
        let message = "the object has no objectGUID of 16 bytes: check that the forest account may read it";
        ObjectError::new(ErrorCode::MISSING_ANCHOR, message).attribute("objectGUID")
    }
}

/// True for the head of a partition, of this one or of another.
fn is_head(entry: &RawEntry) -> bool {
    entry.number("instanceType").is_some_and(|kind| kind & PARTITION_HEAD != 0)
}

/// How reading the rest of an object's values ended.
enum Completion {
    Complete,
    /// The object was deleted meanwhile.
    Gone,
    /// The attribute changed faster than it could be read.
    Unsteady(String),
}

/// Reads the values that the server held back, to the end.
fn complete_ranges(
    entry: &mut RawEntry,
    anchor: &Anchor,
    session: &Session,
    timeout: Duration,
    request: &ImportRequest,
) -> Result<Completion, ConnectorError> {
    let mut version = entry.text("uSNChanged").map(str::to_owned);
    for attribute in entry.attributes.iter_mut().filter(|attribute| attribute.continues_at.is_some()) {
        let mut attempts = 1;
        while let Some(start) = attribute.continues_at {
            let doing = format!("read {} of {} from value {start} on", attribute.name, entry.dn);
            let search = Search {
                base: format!("<GUID={}>", hexadecimal(&anchor.0)),
                scope: Scope::Base,
                filter: "(objectClass=*)".to_owned(),
                attributes: vec![
                    format!("{};range={start}-{}", attribute.name, start.saturating_add(NEXT_RANGE - 1)),
                    "uSNChanged".to_owned(),
                ],
                controls: Vec::new(),
                timeout,
            };
            let found = match session.search(search, &doing, Some(&request.cancel)) {
                Ok(found) => found,
                Err(error) if error.kind == ConnectorErrorKind::PartitionMissing => return Ok(Completion::Gone),
                Err(error) => return Err(error),
            };
            let Some(piece) = found.into_iter().next() else { return Ok(Completion::Gone) };
            let malformed = |reason| request_failed(session.server(), &doing, Fault::Malformed(reason));
            let piece = RawEntry::decode(piece).map_err(|fault| malformed(fault.reason))?;
            let now = piece.text("uSNChanged").map(str::to_owned);
            if now.is_some() && version.is_some() && now != version {
                // The pieces would not fit together: once more from the beginning.
                if attempts == RANGE_ATTEMPTS {
                    return Ok(Completion::Unsteady(attribute.name.clone()));
                }
                attempts += 1;
                version = now;
                attribute.values.clear();
                attribute.continues_at = Some(0);
                continue;
            }
            let next = match piece.attributes.into_iter().find(|found| found.name.eq_ignore_ascii_case(&attribute.name)) {
                Some(found) => {
                    attribute.values.extend(found.values);
                    found.continues_at
                }
                None => None,
            };
            if next.is_some_and(|next| next <= start) {
                return Err(malformed("the same values again"));
            }
            attribute.continues_at = next;
        }
    }
    Ok(Completion::Complete)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::connector::ldap::entry::tests::raw;
    use crate::connector::ldap::verdict::Verdict;
    use crate::connector::{CancelToken, EntryAttributes, EntryValue, ImportMode};
    use crate::model::Schema;

    const SCHEMA: &str = "[attributes]\ncn = \"string\"\nmember = \"reference multi\"\nobjectGUID = \"binary\"\nadminCount = \"integer\"\n\
        [types]\nuser = [\"cn\", \"adminCount\"]\ngroup = [\"cn\", \"member\"]\ncomputer = [\"cn\"]\ndomainDNS = [\"cn\"]";

    fn request(types: &[&str], attributes: &[&str], include: &[&str], exclude: &[&str]) -> ImportRequest {
        let names = |list: &[&str]| list.iter().map(|name| Dn::parse(name).unwrap()).collect();
        ImportRequest {
            mode: ImportMode::Full,
            partition: "DC=x".to_owned(),
            elsewhere: Vec::new(),
            object_types: types.iter().map(ToString::to_string).collect(),
            attributes: attributes.iter().map(ToString::to_string).collect(),
            include: names(include),
            exclude: names(exclude),
            page_size: 100,
            timeout_secs: 10,
            schema: Arc::new(Schema::from_toml(SCHEMA).unwrap()),
            cancel: CancelToken::default(),
        }
    }

    #[test]
    fn plans_ask_for_what_is_wanted_once() {
        let check = |attributes: &[&str], active_directory: bool, expected: &[&str]| {
            let request = request(&["user"], attributes, &[], &[]);
            let requested = ImportPlan::new(&request, active_directory).unwrap().requested;
            assert_eq!(requested[..3], ["objectClass", "objectGUID", "instanceType"]);
            assert_eq!(requested[3..], *expected);
        };
        check(&[], true, &["uSNChanged"]);
        check(&["CN", "cn", "mail"], true, &["uSNChanged", "cn"]);
        check(&["objectGUID"], true, &["uSNChanged"]);
        check(&["member"], true, &["uSNChanged", "member;range=0-1499"]);
        check(&["member"], false, &["member"]);
    }

    #[test]
    fn plans_that_make_no_sense_are_refused() {
        let check = |types: &[&str], include: &[&str], part: &str| {
            let request = request(types, &[], include, &[]);
            let error = ImportPlan::new(&request, true).err().unwrap();
            assert_eq!(error.kind, ConnectorErrorKind::Configuration);
            assert!(error.message.contains(part), "{error}");
        };
        check(&[], &[], "no object type");
        check(&["printQueue"], &[], "no object type");
        check(&["user"], &["OU=a,DC=x", "OU=b,DC=y"], "OU=b,DC=y");
        let request = request(&["user", "printQueue"], &[], &[], &[]);
        assert_eq!(ImportPlan::new(&request, true).unwrap().selection.unknown_types, ["printQueue"]);
    }

    #[test]
    fn searches_begin_at_the_outermost_included_containers() {
        let check = |include: &[&str], expected: &[&str]| {
            let request = request(&["user"], &[], include, &["OU=z,OU=a,DC=x"]);
            assert_eq!(ImportPlan::new(&request, true).unwrap().selection.bases, expected);
        };
        check(&[], &["DC=x"]);
        check(&["OU=b,DC=x", "OU=a,DC=x"], &["OU=a,DC=x", "OU=b,DC=x"]);
        check(&["OU=c,OU=z,OU=a,DC=x", "OU=a,DC=x", "ou=A,dc=X"], &["OU=a,DC=x"]);
    }

    /// Trap D17 among others.
    #[test]
    fn entries_are_taken_skipped_or_described() {
        let request = request(&["user", "group", "domainDNS"], &[], &["OU=a,DC=x", "DC=x"], &["OU=out,DC=x"]);
        let plan = ImportPlan::new(&request, true).unwrap();
        let guid = "sixteen letters!";
        let check = |dn: &str, attributes: &[(&str, &[&str])], expected: Result<Option<&str>, ErrorCode>| {
            let found = match plan.judge(&raw(dn, attributes)) {
                Ok(Verdict::Take { anchor, object_type }) => {
                    assert_eq!(anchor.0, guid.as_bytes());
                    Ok(Some(object_type))
                }
                Ok(Verdict::Skip | Verdict::Outside) => Ok(None),
                Err(error) => Err(error.code),
            };
            assert_eq!(found, expected, "{dn} {attributes:?}");
        };
        let user: &[&str] = &["top", "person", "user"];
        check("CN=u,OU=a,DC=x", &[("objectClass", user), ("objectGUID", &[guid])], Ok(Some("user")));
        check("CN=\\<The \"Best\"\\>\\, Ltd,DC=x", &[("objectClass", user), ("objectGUID", &[guid])], Ok(Some("user")));
        check("CN=u,OU=out,DC=x", &[("objectClass", user), ("objectGUID", &[guid])], Ok(None));
        check("CN=pc,DC=x", &[("objectClass", &["user", "computer"]), ("objectGUID", &[guid])], Ok(None));
        let domain: &[&str] = &["top", "domain", "domainDNS"];
        check("DC=x", &[("objectClass", domain), ("objectGUID", &[guid]), ("instanceType", &["5"])], Ok(Some("domainDNS")));
        check("DC=child,DC=x", &[("objectClass", domain), ("objectGUID", &[guid]), ("instanceType", &["13"])], Ok(None));
        check("CN=u,DC=x", &[("objectGUID", &[guid])], Err(ErrorCode::MISSING_OBJECT_CLASS));
        check("CN=u,DC=x", &[("objectClass", &["top"]), ("objectGUID", &[guid])], Err(ErrorCode::UNMAPPABLE_OBJECT_TYPE));
        check("CN=u,DC=x", &[("objectClass", user)], Err(ErrorCode::MISSING_ANCHOR));
        check("CN=u,DC=x", &[("objectClass", user), ("objectGUID", &["short"])], Err(ErrorCode::MISSING_ANCHOR));
        check("nonsense", &[("objectClass", user)], Err(ErrorCode::INVALID_DN));
        check("", &[("objectClass", user)], Err(ErrorCode::MISSING_DN));
    }

    #[test]
    fn attributes_keep_the_wanted_ones_in_the_spelling_of_the_schema() {
        let request = request(&["user"], &["cn", "ADMINCOUNT"], &[], &[]);
        let plan = ImportPlan::new(&request, true).unwrap();
        let entry = raw("CN=u,DC=x", &[("CN", &["Ä"]), ("admincount", &["1"]), ("objectGUID", &["x"]), ("member", &["CN=m"])]);
        let expected = EntryAttributes::from([
            ("adminCount".to_owned(), vec![EntryValue::Integer(1)]),
            ("cn".to_owned(), vec![EntryValue::Text("Ä".to_owned())]),
        ]);
        assert_eq!(plan.selection.values(entry.attributes).unwrap(), expected);
        assert_eq!(plan.selection.values(raw("CN=u,DC=x", &[("cn", &[])]).attributes).unwrap(), EntryAttributes::new());
        let error = plan.selection.values(raw("CN=u,DC=x", &[("adminCount", &["many"])]).attributes).unwrap_err();
        assert_eq!((error.detail.attribute.as_deref(), error.detail.value.as_deref()), (Some("adminCount"), Some("many")));
    }
}
