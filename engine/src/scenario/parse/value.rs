//! Names, ranges of names, objects, attributes and values.

use super::{MOST_NAMES, Named, Parser};
use crate::connector::EntryValue;
use crate::model::{AttributeDefinition, Schema, ValueType, sid_bytes};
use crate::scenario::model::{FileValue, RuleName, Subject};
use crate::scenario::text::{Place, ScenarioFault, Words, instead};

/// How the metaverse is called where connector spaces have names.
pub(super) const METAVERSE: &str = "MV";

/// Words that begin an expectation and therefore name no object.
pub(super) const RESERVED: [&str; 16] = [
    "result",
    "message",
    "counters",
    "error",
    "no",
    "warning",
    "sent",
    "statistics",
    "metaverse",
    "entries",
    "entry",
    "objects",
    "ran",
    "skipped",
    "candidates",
    "flow",
];

/// A name, or a range of names: `u{1..3}` is u1, u2, u3. With each comes its number.
pub(super) fn expand(place: &Place, text: &str) -> Result<Vec<(String, Option<u64>)>, ScenarioFault> {
    let Some((head, rest)) = text.split_once('{') else {
        return Ok(vec![(text.to_owned(), None)]);
    };
    let range = rest.split_once('}').and_then(|(range, tail)| {
        let (from, to) = range.split_once("..")?;
        let (from, to): (u64, u64) = (from.parse().ok()?, to.parse().ok()?);
        (from <= to && to - from < MOST_NAMES as u64).then_some((from, to, tail))
    });
    let Some((from, to, tail)) = range else {
        return Err(place.fault(format!("\"{text}\" is no range of names; write u{{1..50}} for u1 to u50")));
    };
    Ok((from..=to).map(|number| (format!("{head}{number}{tail}"), Some(number))).collect())
}

impl Parser {
    /// Counts names that ranges give, so that a file cannot ask for more memory than there is.
    fn account(&mut self, place: &Place, names: usize) -> Result<(), ScenarioFault> {
        self.expanded += names;
        if self.expanded > MOST_NAMES {
            return Err(place.fault(format!("the file names more than {MOST_NAMES} objects; use smaller ranges")));
        }
        Ok(())
    }

    /// A new name, or a range of them.
    pub(super) fn new_names(&mut self, place: &Place, text: &str) -> Result<Vec<(String, Option<u64>)>, ScenarioFault> {
        let names = expand(place, text)?;
        self.account(place, names.len())?;
        for (name, _) in &names {
            let plain = |character: char| character.is_alphanumeric() || ['_', '-', '\''].contains(&character);
            if name.is_empty() || !name.chars().all(plain) {
                return Err(place.fault(format!("\"{name}\" is no name for an object; use letters and digits, such as u1")));
            }
            if RESERVED.contains(&name.as_str()) || name == METAVERSE || self.directories.iter().any(|known| known.name == *name)
            {
                return Err(place.fault(format!("\"{name}\" has another meaning; give the object another name")));
            }
            if self.names.contains_key(name) {
                return Err(place.fault(format!("there is already an object named {name}; give this one another name")));
            }
        }
        Ok(names)
    }

    /// Takes one or several objects: `u1`, `u{1..3}`, `T(u1)`, `MV(u1)`, `T "CN=Ada"`, joined by `and`.
    pub(super) fn subjects(&mut self, words: &mut Words<'_>) -> Result<Vec<Subject>, ScenarioFault> {
        let mut subjects = self.subject_range(words)?;
        while words.eat("and") {
            subjects.extend(self.subject_range(words)?);
        }
        Ok(subjects)
    }

    /// Takes one object.
    pub(super) fn subject(&mut self, words: &mut Words<'_>) -> Result<Subject, ScenarioFault> {
        let place = words.place();
        let mut subjects = self.subject_range(words)?;
        match (subjects.pop(), subjects.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => Err(place.fault("only one object can stand here; name one instead of a range")),
        }
    }

    fn subject_range(&mut self, words: &mut Words<'_>) -> Result<Vec<Subject>, ScenarioFault> {
        let place = words.place();
        let word = words.word().ok_or_else(|| place.fault("the name of an object is missing, such as u1 or T(u1)"))?;
        if words.rest().starts_with('"') && self.directories.iter().any(|known| known.name == word) {
            return Ok(vec![Subject::Named { connector: word.to_owned(), dn: words.quoted()? }]);
        }
        let (space, names) = match word.strip_suffix(')').and_then(|text| text.split_once('(')) {
            None => (None, word),
            Some((space, names)) => (Some(space), names),
        };
        if let Some(space) = space.filter(|space| *space != METAVERSE) {
            self.directory(place, space)?;
        }
        let names = expand(place, names)?;
        self.account(place, names.len())?;
        names.into_iter().map(|(name, _)| self.known(place, space, name)).collect()
    }

    fn known(&self, place: &Place, space: Option<&str>, name: String) -> Result<Subject, ScenarioFault> {
        let Some(known) = self.names.get(&name) else {
            let known = instead(&name, self.names.keys().map(String::as_str));
            return Err(place.fault(format!("there is no object {name}; {known}")));
        };
        match (space, known) {
            (None, Named::Object { connector, .. }) => Ok(Subject::Object { connector: connector.clone(), name }),
            (None, Named::RememberedObject { connector }) => Ok(Subject::RememberedObject { connector: connector.clone(), name }),
            (None, Named::RememberedIdentity) => Ok(Subject::RememberedIdentity(name)),
            (Some(METAVERSE), Named::Object { .. }) => Ok(Subject::Identity(name)),
            (Some(space), Named::Object { connector, .. }) if space == connector => {
                Ok(Subject::Object { connector: connector.clone(), name })
            }
            (Some(space), Named::Object { .. }) => Ok(Subject::Joined { connector: space.to_owned(), name }),
            (Some(_), Named::RememberedObject { .. } | Named::RememberedIdentity) => {
                Err(place.fault(format!("{name} is a remembered object already; write only {name}")))
            }
        }
    }

    /// The schema that the attributes of an object come from, and how to call it.
    pub(super) fn schema_of(&self, connector: Option<&str>) -> (&Schema, String) {
        let directory = connector.and_then(|name| self.directories.iter().find(|directory| directory.name == name));
        match directory {
            Some(directory) => (&directory.schema, format!("directory {}", directory.name)),
            None => (&self.metaverse, "the metaverse".to_owned()),
        }
    }

    /// An attribute of an object; `object_type` narrows the search.
    pub(super) fn attribute(
        &self,
        place: &Place,
        connector: Option<&str>,
        object_type: Option<&str>,
        name: &str,
    ) -> Result<AttributeDefinition, ScenarioFault> {
        let (schema, description) = self.schema_of(connector);
        let found = match object_type {
            Some(object_type) => schema.attribute_of(object_type, name),
            None => schema.attribute(name),
        };
        found.cloned().ok_or_else(|| match object_type {
            Some(object_type) => {
                let known: Vec<&str> = schema.attributes_of(object_type).map(|known| known.name.as_str()).collect();
                place.fault(format!(
                    "a {object_type} of {description} has no attribute \"{name}\"; {}",
                    instead(name, known.iter().copied())
                ))
            }
            None => {
                let known = instead(name, schema.attributes().map(|known| known.name.as_str()));
                place.fault(format!("{description} has no attribute \"{name}\"; {known}"))
            }
        })
    }

    /// Values of an attribute, separated by ` | `.
    pub(super) fn values(
        &mut self,
        place: &Place,
        connector: Option<&str>,
        attribute: &AttributeDefinition,
        text: &str,
    ) -> Result<Vec<FileValue>, ScenarioFault> {
        let mut values = Vec::new();
        for (text, quoted) in split_values(place, text)? {
            if attribute.value_type == ValueType::Reference {
                values.extend(self.references(place, connector, &attribute.name, &text, quoted)?);
            } else {
                values.push(FileValue::Plain(plain(place, attribute, &text)?));
            }
        }
        Ok(values)
    }

    fn references(
        &mut self,
        place: &Place,
        connector: Option<&str>,
        attribute: &str,
        text: &str,
        quoted: bool,
    ) -> Result<Vec<FileValue>, ScenarioFault> {
        if let Some(connector) = connector
            && (quoted || text.contains('='))
        {
            let names = if quoted { vec![(text.to_owned(), None)] } else { expand(place, text)? };
            self.account(place, names.len())?;
            let named = |(dn, _)| FileValue::Reference(Subject::Named { connector: connector.to_owned(), dn });
            return Ok(names.into_iter().map(named).collect());
        }
        let mut words = Words::new(place, text);
        let subjects = self.subject_range(&mut words)?;
        words.end("member = u1 | u2")?;
        if let Some(wrong) = subjects.iter().find(|subject| subject.connector() != connector) {
            let space = connector.unwrap_or(METAVERSE);
            return Err(
                place.fault(format!("{attribute} refers to objects of {space}, so {wrong} cannot be one; write {space}(...)"))
            );
        }
        Ok(subjects.into_iter().map(FileValue::Reference).collect())
    }

    /// Takes the name of a rule: its precedence, or its name in quotation marks.
    pub(super) fn rule(&self, words: &mut Words<'_>) -> Result<RuleName, ScenarioFault> {
        if words.rest().starts_with('"') {
            return words.quoted().map(RuleName::Name);
        }
        let number = words.number("the precedence of a rule, or its name in quotation marks")?;
        Ok(RuleName::Precedence(i64::try_from(number).unwrap_or(i64::MAX)))
    }
}

/// Values as written, with whether they stood in quotation marks.
fn split_values(place: &Place, text: &str) -> Result<Vec<(String, bool)>, ScenarioFault> {
    let mut values = Vec::new();
    let mut rest = text.trim();
    loop {
        if rest.starts_with('"') {
            let mut words = Words::new(place, rest);
            values.push((words.quoted()?, true));
            rest = words.rest();
            if rest.is_empty() {
                return Ok(values);
            }
            rest =
                rest.strip_prefix('|').ok_or_else(|| place.fault(format!("\"{rest}\" follows a value; put | between values")))?;
        } else {
            let (value, more) = rest.split_once(" | ").map_or((rest, None), |(value, more)| (value, Some(more)));
            let value = value.trim();
            if value.is_empty() || value == "|" || value.starts_with("| ") {
                return Err(place.fault("a value is missing; write absent after the name of an attribute that has none"));
            }
            values.push((value.to_owned(), false));
            match more {
                None => return Ok(values),
                Some(more) => rest = more,
            }
        }
        rest = rest.trim_start();
    }
}

fn plain(place: &Place, attribute: &AttributeDefinition, text: &str) -> Result<EntryValue, ScenarioFault> {
    let wrong = |hint: &str| {
        place.fault(format!("\"{text}\" does not fit {}, which is {}; {hint}", attribute.name, attribute.value_type.word()))
    };
    match attribute.value_type {
        ValueType::String | ValueType::Reference => Ok(EntryValue::Text(text.to_owned())),
        ValueType::Integer => text.parse().ok().map(EntryValue::Integer).ok_or_else(|| wrong("write a number")),
        ValueType::Boolean if text.eq_ignore_ascii_case("true") => Ok(EntryValue::Boolean(true)),
        ValueType::Boolean if text.eq_ignore_ascii_case("false") => Ok(EntryValue::Boolean(false)),
        ValueType::Boolean => Err(wrong("write True or False")),
        ValueType::Binary => {
            binary(text).map(EntryValue::Binary).ok_or_else(|| wrong("write a GUID, a SID, or base64: or hex: before the bytes"))
        }
    }
}

fn binary(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    if let Some(text) = text.strip_prefix("base64:") {
        base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()
    } else if let Some(text) = text.strip_prefix("hex:") {
        hex::decode(text.trim()).ok()
    } else if text.starts_with("S-") {
        sid_bytes(text)
    } else {
        uuid::Uuid::parse_str(text).ok().map(|guid| guid.to_bytes_le().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { file: "x".into(), line: 1 }
    }

    #[test]
    fn ranges_are_counted_out() {
        let names = |text: &str| {
            expand(&place(), text).map(|names| names.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(names("u1").unwrap(), "u1");
        assert_eq!(names("u{9..11}x").unwrap(), "u9x u10x u11x");
        for wrong in ["u{1..", "u{2..1}", "u{a..b}", "u{1}", "u{1..99999999999}"] {
            assert!(names(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn values_stand_between_bars() {
        let split = |text: &str| {
            split_values(&place(), text).map(|values| values.into_iter().map(|(value, _)| value).collect::<Vec<_>>())
        };
        assert_eq!(split("SMTP:a@x | smtp:b@x").unwrap(), ["SMTP:a@x", "smtp:b@x"]);
        assert_eq!(split("a|b").unwrap(), ["a|b"]);
        assert_eq!(split("\" a | b \" | c").unwrap(), [" a | b ", "c"]);
        for wrong in ["", "a |  | b", "\"a\" b"] {
            assert!(split(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn bytes_are_written_as_people_know_them() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(binary(text).map(hex::encode).as_deref(), expected, "{text}");
        check("00112233-4455-6677-8899-aabbccddeeff", Some("33221100554477668899aabbccddeeff"));
        check("S-1-5-21-1-2-500", Some("0104000000000005150000000100000002000000f4010000"));
        check("hex:00ff", Some("00ff"));
        check("base64:AP8=", Some("00ff"));
        check("nonsense", None);
        check("S-1-x", None);
    }
}
