//! Directories, their objects, changes of them and faults.

use super::{Named, Parser, no_children};
use crate::connector::ConnectorErrorKind;
use crate::connector::memory::{DeltaContent, Fault};
use crate::model::{AttributeDefinition, Dn, ErrorCode, Schema, SchemaError, ValueType};
use crate::rules::active_directory_schema;
use crate::scenario::model::{Action, Change, DirectoryKind, DirectorySpec, FaultSpec, ObjectSpec, Subject, ValueChange};
use crate::scenario::text::{Line, Place, ScenarioFault, Words, instead};

use super::value::{METAVERSE, RESERVED};

const TENANT_SCHEMA: &str = include_str!("../../../../assets/tenant-schema.toml");

impl Parser {
    /// `forest A contoso.com` or `tenant T contoso.onmicrosoft.com`.
    pub(super) fn new_directory(&mut self, line: &Line) -> Result<(), ScenarioFault> {
        let place = &line.place;
        let mut words = Words::new(place, &line.text);
        let kind = if words.eat("forest") { DirectoryKind::Forest } else { DirectoryKind::Tenant };
        words.eat("tenant");
        let name = words.word().unwrap_or_default().to_owned();
        let plain = !name.is_empty() && name.chars().all(char::is_alphanumeric);
        if !plain || name == METAVERSE || RESERVED.contains(&name.as_str()) {
            return Err(place.fault(format!("\"{name}\" is no name for a directory; use letters and digits, such as A or T")));
        }
        if self.directories.iter().any(|known| known.name == name) {
            return Err(place.fault(format!("there is already a directory {name}; give this one another name")));
        }
        if kind == DirectoryKind::Tenant && self.directories.iter().any(|known| known.kind == kind) {
            return Err(place.fault("a scenario has one tenant, as an installation has"));
        }
        let domain = words.word().unwrap_or_default().to_owned();
        if !domain.contains('.') {
            return Err(place.fault(format!("the DNS name is missing; write it as: {} {name} contoso.com", kind.word())));
        }
        words.end(&format!("{} {name} {domain}", kind.word()))?;
        let schema = kind.schema().map_err(|error| place.fault(format!("the schema of a {}: {error}", kind.word())))?;
        let delta_content = DeltaContent::default();
        let mut directory = DirectorySpec { name, kind, domain, schema, delta_content, deltas: true, confirms: false };
        for child in &line.children {
            no_children(child)?;
            option(&mut directory, child)?;
        }
        self.directories.push(directory);
        Ok(())
    }

    /// `object u1 in A: user CN=Ada,DC=contoso,DC=com`, with its attributes below.
    pub(super) fn object(&mut self, line: &Line, words: &mut Words<'_>) -> Result<Action, ScenarioFault> {
        let place = &line.place;
        let wrong = || place.fault("write it as: object u1 in A: user CN=Ada,OU=Staff,DC=contoso,DC=com");
        let name = words.word().ok_or_else(wrong)?;
        let names = self.new_names(place, name)?;
        if !words.eat("in") {
            return Err(wrong());
        }
        let connector = self.connector(words)?;
        if !words.eat_sign(':') {
            return Err(wrong());
        }
        let word = words.word().ok_or_else(wrong)?;
        let object_type = self.type_name(place, &connector, word)?;
        let dn = words.rest().to_owned();
        if names.len() > 1 && !dn.contains("{n}") {
            return Err(place
                .fault("each object needs a name of its own; write {n} where its number stands: CN=User {n},DC=contoso,DC=com"));
        }
        let fixed: Vec<bool> = line.children.iter().map(|child| !child.text.contains("{n}")).collect();
        let mut objects: Vec<ObjectSpec> = Vec::with_capacity(names.len());
        for (name, number) in names {
            let number = number.map(|number| number.to_string());
            let fill = |text: &str| number.as_ref().map_or_else(|| text.to_owned(), |number| text.replace("{n}", number));
            let mut object = ObjectSpec {
                connector: connector.clone(),
                name: name.clone(),
                object_type: object_type.clone(),
                dn: self.dn(place, &fill(&dn))?,
                attributes: std::collections::BTreeMap::new(),
            };
            for (child, fixed) in line.children.iter().zip(&fixed) {
                no_children(child)?;
                let filled = fill(&child.text);
                let (attribute, change) = match objects.first() {
                    // What holds no number is the same for all objects of a range.
                    Some(first) if *fixed => {
                        let attribute = self.attribute_name(&child.place, &connector, Some(&object_type), &filled)?.0;
                        let values = first.attributes.get(&attribute.name).cloned().unwrap_or_default();
                        (attribute.name, Change::Set(values))
                    }
                    _ => self.value_change(&child.place, &connector, Some(&object_type), &filled)?,
                };
                let Change::Set(values) = change else {
                    return Err(child.place.fault("a new object has no values yet; write = before them"));
                };
                object.attributes.insert(attribute, values);
            }
            self.names.insert(name, Named::Object { connector: connector.clone(), object_type: object_type.clone() });
            objects.push(object);
        }
        Ok(Action::Put(objects))
    }

    /// `change u1: department = HR`, or the changes below.
    pub(super) fn change(&mut self, line: &Line, words: &mut Words<'_>) -> Result<Action, ScenarioFault> {
        let place = &line.place;
        let subjects = self.subjects(words)?;
        self.check_entries(place, &subjects)?;
        let Some(first) = subjects.first() else { return Err(place.fault("the name of an object is missing, such as u1")) };
        let connector = first.connector().unwrap_or_default().to_owned();
        if subjects.iter().any(|subject| subject.connector() != Some(&connector)) {
            return Err(place.fault("the objects are in different directories; write one change for each"));
        }
        let object_type = self.object_type_of(first);
        let mut changes = Vec::new();
        let mut texts: Vec<(&Place, &str)> = Vec::new();
        if words.eat_sign(':') {
            texts.push((place, words.rest()));
        } else {
            words.end("change u1: department = HR")?;
        }
        for child in &line.children {
            no_children(child)?;
            texts.push((&child.place, &child.text));
        }
        for (place, text) in texts {
            let (attribute, change) = self.value_change(place, &connector, object_type.as_deref(), text)?;
            changes.push(ValueChange { attribute, change });
        }
        if changes.is_empty() {
            return Err(
                place.fault("say what changes: \"change u1: department = HR\", or lines such as \"department = HR\" below")
            );
        }
        Ok(Action::Change { subjects, changes })
    }

    fn object_type_of(&self, subject: &Subject) -> Option<String> {
        let Subject::Object { name, .. } = subject else { return None };
        match self.names.get(name) {
            Some(Named::Object { object_type, .. }) => Some(object_type.clone()),
            Some(Named::RememberedObject { .. } | Named::RememberedIdentity) | None => None,
        }
    }

    /// Takes the name of an attribute and gives what follows it.
    fn attribute_name<'t>(
        &self,
        place: &Place,
        connector: &str,
        object_type: Option<&str>,
        text: &'t str,
    ) -> Result<(AttributeDefinition, &'t str), ScenarioFault> {
        let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
        Ok((self.attribute(place, Some(connector), object_type, name)?, rest.trim()))
    }

    /// `department = HR`, `department absent`, `member + u2`, `member - u3`.
    fn value_change(
        &mut self,
        place: &Place,
        connector: &str,
        object_type: Option<&str>,
        text: &str,
    ) -> Result<(String, Change), ScenarioFault> {
        let (attribute, rest) = self.attribute_name(place, connector, object_type, text)?;
        let mut values = |text: &str| self.values(place, Some(connector), &attribute, text);
        let change = if rest == "absent" {
            Change::Set(Vec::new())
        } else if let Some(text) = rest.strip_prefix("= ") {
            let values = values(text)?;
            if values.len() > 1 && !attribute.multi_valued {
                return Err(place.fault(format!("{} holds one value; write only one", attribute.name)));
            }
            Change::Set(values)
        } else if let Some(text) = rest.strip_prefix("+ ") {
            Change::Values { adds: values(text)?, deletes: Vec::new() }
        } else if let Some(text) = rest.strip_prefix("- ") {
            Change::Values { adds: Vec::new(), deletes: values(text)? }
        } else {
            let name = &attribute.name;
            return Err(
                place.fault(format!("write \"{name} = value\", \"{name} absent\", \"{name} + value\" or \"{name} - value\""))
            );
        };
        Ok((attribute.name, change))
    }

    pub(super) fn type_name(&self, place: &Place, connector: &str, name: &str) -> Result<String, ScenarioFault> {
        let schema = &self.directory(place, connector)?.schema;
        schema.type_name(name).map(str::to_owned).ok_or_else(|| {
            let types: Vec<&str> = schema.types().collect();
            place.fault(format!("directory {connector} has no object type \"{name}\"; {}", instead(name, types.iter().copied())))
        })
    }

    /// Takes an object type of the directory of an object.
    pub(super) fn object_type(&self, words: &mut Words<'_>, subject: &Subject) -> Result<String, ScenarioFault> {
        let name = words.word().unwrap_or_default();
        self.type_name(words.place(), subject.connector().unwrap_or_default(), name)
    }

    pub(super) fn dn(&self, place: &Place, text: &str) -> Result<String, ScenarioFault> {
        match Dn::parse(text) {
            Ok(dn) => Ok(dn.as_str().to_owned()),
            Err(error) => {
                Err(place.fault(format!("\"{text}\" is no distinguished name ({error}); write it as CN=Ada,DC=contoso,DC=com")))
            }
        }
    }

    /// Refuses what is not in a directory.
    pub(super) fn check_entries(&self, place: &Place, subjects: &[Subject]) -> Result<(), ScenarioFault> {
        match subjects.iter().find(|subject| subject.connector().is_none()) {
            None => Ok(()),
            Some(subject) => {
                Err(place
                    .fault(format!("{subject} is in the metaverse, which only rules change; change an object of a directory")))
            }
        }
    }

    /// `fault T refuses duplicates of mail` and its like.
    pub(super) fn fault(&mut self, words: &mut Words<'_>) -> Result<Action, ScenarioFault> {
        let place = words.place();
        let connector = self.connector(words)?;
        let objects = "a number of objects";
        let batches = "a number of batches";
        let fault = if words.eat("is unreachable") {
            let kind = ConnectorErrorKind::Connection;
            FaultSpec::Ready(vec![Fault::BreakImport { after: 0, kind }, Fault::RefuseBatch { after: 0, kind }])
        } else if words.eat("refuses the password") {
            let kind = ConnectorErrorKind::Credentials;
            FaultSpec::Ready(vec![Fault::BreakImport { after: 0, kind }, Fault::RefuseBatch { after: 0, kind }])
        } else if words.eat("breaks off after") {
            let (after, what) = (number(words, objects)?, words.word().unwrap_or_default());
            let kind = ConnectorErrorKind::Dropped;
            match what {
                "object" | "objects" => FaultSpec::Ready(vec![Fault::BreakImport { after, kind }]),
                "batch" | "batches" => FaultSpec::Ready(vec![Fault::RefuseBatch { after, kind }]),
                _ => return Err(place.fault("say of what: \"breaks off after 400 objects\" or \"breaks off after 2 batches\"")),
            }
        } else if words.eat("is stopped after") {
            let (after, what) = (number(words, objects)?, words.word().unwrap_or_default());
            match what {
                "object" | "objects" => FaultSpec::Ready(vec![Fault::StopImport { after }]),
                "batch" | "batches" => FaultSpec::Ready(vec![Fault::StopExport { after: after.saturating_sub(1) }]),
                _ => return Err(place.fault("say of what: \"is stopped after 400 objects\" or \"is stopped after 2 batches\"")),
            }
        } else if words.eat("cannot read") {
            FaultSpec::Unreadable(self.subject(words)?)
        } else if words.eat("returns no objects") {
            FaultSpec::Ready(vec![Fault::NoObjects])
        } else if words.eat("forgets watermarks") {
            FaultSpec::Ready(vec![Fault::ForgetWatermarks])
        } else if words.eat("refuses duplicates of") {
            FaultSpec::Ready(vec![Fault::RefuseDuplicates { attribute: self.fault_attribute(words, &connector)? }])
        } else if words.eat("refuses") {
            let subject = self.subject(words)?;
            let code = if words.eat("with") { words.word() } else { None };
            let code =
                code.ok_or_else(|| place.fault("say with which code: \"refuses T(u1) with AttributeValueMustBeUnique\""))?;
            FaultSpec::Refuse { subject, code: ErrorCode::from_directory(code) }
        } else if words.eat("is busy for") {
            let times = number(words, batches)?;
            words.eat("batches");
            FaultSpec::Ready(vec![Fault::Passing { after: 0, times: Some(times) }])
        } else if words.eat("is busy after") {
            let after = number(words, batches)?;
            words.eat("batches");
            FaultSpec::Ready(vec![Fault::Passing { after, times: None }])
        } else if words.eat("loses the answer of batch") {
            FaultSpec::Ready(vec![Fault::LoseAnswer { after: number(words, batches)?.saturating_sub(1) }])
        } else if words.eat("writes") {
            let attribute = self.fault_attribute(words, &connector)?;
            let value = words.take_rest().strip_prefix("= ").unwrap_or_default().to_owned();
            if value.is_empty() {
                return Err(place.fault("say what it writes instead: \"writes department = Sales\""));
            }
            FaultSpec::Ready(vec![Fault::Alter { attribute, value }])
        } else if words.eat("quarantines") {
            FaultSpec::Ready(vec![Fault::Quarantine { attribute: self.fault_attribute(words, &connector)? }])
        } else {
            return Err(place.fault(format!(
                "\"{}\" is no fault that can be scripted; docs/scenarios.md lists them, such as \"fault {connector} breaks off after 400 objects\"",
                words.rest()
            )));
        };
        Ok(Action::Fault { connector, fault })
    }

    fn fault_attribute(&self, words: &mut Words<'_>, connector: &str) -> Result<String, ScenarioFault> {
        let name = words.word().unwrap_or_default();
        Ok(self.attribute(words.place(), Some(connector), None, name)?.name)
    }
}

impl DirectoryKind {
    /// The schema that every directory of the kind has.
    pub(in crate::scenario) fn schema(self) -> Result<Schema, SchemaError> {
        match self {
            Self::Forest => active_directory_schema(),
            Self::Tenant => Schema::from_toml(TENANT_SCHEMA),
        }
    }

    pub(in crate::scenario) fn word(self) -> &'static str {
        match self {
            Self::Forest => "forest",
            Self::Tenant => "tenant",
        }
    }
}

fn number(words: &mut Words<'_>, what: &str) -> Result<usize, ScenarioFault> {
    words.number(what).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

/// A line below a directory.
fn option(directory: &mut DirectorySpec, line: &Line) -> Result<(), ScenarioFault> {
    let mut words = Words::new(&line.place, &line.text);
    if words.eat("partial deltas") {
        directory.delta_content = DeltaContent::Attributes;
        return words.end("partial deltas");
    }
    if words.eat("value deltas") {
        directory.delta_content = DeltaContent::Values;
        return words.end("value deltas");
    }
    if words.eat("no deltas") {
        directory.deltas = false;
        return words.end("no deltas");
    }
    if words.eat("confirms at once") {
        directory.confirms = true;
        return words.end("confirms at once");
    }
    let wrong = || {
        line.place.fault(
            "write \"partial deltas\", \"value deltas\", \"no deltas\", \"confirms at once\", or \"attribute initialCode string on user\"",
        )
    };
    if !words.eat("attribute") {
        return Err(wrong());
    }
    let name = words.word().ok_or_else(wrong)?.to_owned();
    let value_type = [ValueType::String, ValueType::Binary, ValueType::Integer, ValueType::Boolean, ValueType::Reference]
        .into_iter()
        .find(|value_type| words.eat(value_type.word()))
        .ok_or_else(wrong)?;
    let multi_valued = words.eat("multi");
    if !words.eat("on") {
        return Err(wrong());
    }
    directory.schema.define(AttributeDefinition { name: name.clone(), value_type, multi_valued, indexed: false });
    loop {
        let object_type = words.word().ok_or_else(wrong)?;
        if !directory.schema.allow(object_type, &name) {
            let types: Vec<&str> = directory.schema.types().collect();
            return Err(line
                .place
                .fault(format!("there is no object type \"{object_type}\"; {}", instead(object_type, types.iter().copied()))));
        }
        if !words.eat_sign(',') {
            return words.end("attribute initialCode string on user, contact");
        }
    }
}
