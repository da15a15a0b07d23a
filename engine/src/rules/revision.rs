//! Rules of a file laid over the saved ones, without saving them.
//!
//! A file holds whole rules, which replace the rule of the same name and connector or are new, and changes of
//! saved rules, which leave alone what they do not name:
//!
//! ```toml
//! [[rule]]
//! name = "In from AD - User Nickname"
//! precedence = 90
//! direction = "inbound"
//! connector = "contoso.com"
//! connector_object = "user"
//! metaverse_object = "person"
//! link = "join"
//! [rule.expression]
//! displayName = "[givenName]"
//!
//! [[change]]
//! rule = "In from AD - User Join"
//! scope = [["department NOTEQUAL Sales"]]
//! ```

use serde::Deserialize;
use uuid::Uuid;

use super::definition::{Direction, SyncRule};
use super::file::{RulePatch, RuleText, RuleTextError};
use super::place::{Side, neighbour, place};
use crate::model::{ConnectorId, IdSource, RuleId, Schema, fold_text};

/// A connector as a file of rules names it.
#[derive(Clone, Copy, Debug)]
pub struct RuleConnector<'a> {
    /// The connector.
    pub id: ConnectorId,
    /// Its name.
    pub name: &'a str,
    /// Its identifier.
    pub guid: Uuid,
    /// Its schema.
    pub schema: &'a Schema,
}

/// What a file does to one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleChangeKind {
    /// There was no rule of that name on that connector.
    Added,
    /// The whole rule is another.
    Replaced,
    /// Parts of it are different.
    Changed,
    /// The file says what is saved already.
    Unchanged,
}

/// A rule that a file touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleChange {
    /// Name of the rule.
    pub rule: String,
    /// Its connector.
    pub connector: ConnectorId,
    /// Into the metaverse or out of it.
    pub direction: Direction,
    /// What happens to it.
    pub kind: RuleChangeKind,
}

/// Saved rules with those of a file laid over them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// All rules in order of precedence; new ones have the number 0.
    pub rules: Vec<SyncRule>,
    /// What the file touches, in the order of the file.
    pub changes: Vec<RuleChange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevisionFile {
    #[serde(default)]
    rule: Vec<RuleText>,
    #[serde(default)]
    change: Vec<toml::Table>,
}

/// Lays the rules of a file over the saved ones.
///
/// # Errors
/// [`RuleTextError`] names the rule, the connector or the precedence that does not fit.
pub fn revise(
    saved: &[SyncRule],
    text: &str,
    connectors: &[RuleConnector<'_>],
    ids: &dyn IdSource,
) -> Result<Revision, RuleTextError> {
    let file: RevisionFile = toml::from_str(text)?;
    if file.rule.is_empty() && file.change.is_empty() {
        return Err(refused("the file holds neither [[rule]] nor [[change]]"));
    }
    let mut revision = Revision { rules: saved.to_vec(), changes: Vec::new() };
    for written in &file.rule {
        written.check_place()?;
        revision.take(written, connectors, ids)?;
    }
    for (at, written) in file.rule.iter().enumerate() {
        if let Some((name, side)) = written.beside() {
            revision.stand_beside(saved, at, name, side)?;
        }
    }
    for change in file.change {
        revision.change(change, connectors)?;
    }
    revision.rules.sort_by_key(|rule| rule.precedence);
    for pair in revision.rules.windows(2) {
        if let [one, other] = pair
            && one.precedence == other.precedence
        {
            let (one, other) = (&one.name, &other.name);
            return Err(refused(format!(
                "rules \"{one}\" and \"{other}\" both have precedence {}; give one of them a number that is free",
                pair.first().map_or(0, |rule| rule.precedence)
            )));
        }
    }
    Ok(revision)
}

impl Revision {
    fn take(&mut self, written: &RuleText, connectors: &[RuleConnector<'_>], ids: &dyn IdSource) -> Result<(), RuleTextError> {
        let connector =
            find(connectors, &written.connector).map_err(|message| refused(format!("rule \"{}\": {message}", written.name)))?;
        let read = |has_source: &dyn Fn(&str) -> bool| {
            written
                .to_rule(connector.id, written.precedence(), ids.guid(), has_source)
                .map_err(|message| refused(format!("rule \"{}\": {message}", written.name)))
        };
        let mut rule = read(&|_| true)?;
        if rule.tag.is_some() && rule.direction == Direction::Inbound {
            // A standard rule reads attributes that a directory of its kind may lack.
            rule = read(&|name| connector.schema.attribute_of(&written.connector_object, name).is_some())?;
        }
        // By its identifier a rule is found again after it got another name.
        let by_name = |known: &SyncRule| known.connector == connector.id && fold_text(&known.name) == fold_text(&rule.name);
        let place = written.id.and_then(|id| self.rules.iter().position(|known| known.guid == id));
        let place = place.or_else(|| self.rules.iter().position(by_name));
        let known = place.and_then(|place| self.rules.get_mut(place));
        let (name, direction) = (rule.name.clone(), rule.direction);
        let kind = match known {
            Some(known) => {
                (rule.id, rule.guid) = (known.id, known.guid);
                let same = *known == rule;
                *known = rule;
                if same { RuleChangeKind::Unchanged } else { RuleChangeKind::Replaced }
            }
            None => {
                rule.id = RuleId(0);
                self.rules.push(rule);
                RuleChangeKind::Added
            }
        };
        self.changes.push(RuleChange { rule: name, connector: connector.id, direction, kind });
        Ok(())
    }

    /// Puts the rule of a change beside another one; others make room.
    fn stand_beside(&mut self, saved: &[SyncRule], at: usize, name: &str, side: Side) -> Result<(), RuleTextError> {
        let Some(change) = self.changes.get_mut(at) else { return Ok(()) };
        let key = fold_text(&change.rule);
        let is_it = |rule: &SyncRule| rule.connector == change.connector && fold_text(&rule.name) == key;
        let Some(rule) = self.rules.iter().find(|rule| is_it(rule)).cloned() else { return Ok(()) };
        let failed = |message: String| refused(format!("rule \"{}\": {message}", rule.name));
        let present = saved.iter().find(|known| known.guid == rule.guid);
        let others = self.rules.iter().filter(|other| other.guid != rule.guid).chain(present).cloned().collect::<Vec<_>>();
        let beside = neighbour(&others, &rule, name).map_err(failed)?;
        let placed = place(&others, &rule, beside, side).map_err(failed)?;
        for other in &mut self.rules {
            if other.guid == rule.guid {
                other.precedence = placed.precedence;
                if present == Some(other) {
                    change.kind = RuleChangeKind::Unchanged;
                }
            } else if let Some(number) = placed.shifted.get(&other.guid) {
                other.precedence = *number;
            }
        }
        Ok(())
    }

    fn change(&mut self, mut table: toml::Table, connectors: &[RuleConnector<'_>]) -> Result<(), RuleTextError> {
        let mut text = |key: &str| match table.remove(key) {
            None => Ok(None),
            Some(toml::Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(refused(format!("\"{key}\" of a [[change]] is not a text"))),
        };
        let Some(name) = text("rule")? else {
            return Err(refused("a [[change]] names no rule; write rule = \"name of the rule\""));
        };
        let connector = match text("connector")? {
            Some(connector) => {
                Some(find(connectors, &connector).map_err(|message| refused(format!("change of rule \"{name}\": {message}")))?.id)
            }
            None => None,
        };
        let failed = |message: String| refused(format!("change of rule \"{name}\": {message}"));
        let patch = toml::to_string(&table).map_err(|error| failed(error.to_string()))?;
        let patch = RulePatch::from_toml(&patch).map_err(|error| failed(error.message))?;
        let key = fold_text(&name);
        let mut found: Vec<&mut SyncRule> = self
            .rules
            .iter_mut()
            .filter(|rule| fold_text(&rule.name) == key && connector.is_none_or(|connector| connector == rule.connector))
            .collect();
        let rule = match found.as_mut_slice() {
            [only] => only,
            [] => {
                let near = syncline_expression::nearest(&name, self.rules.iter().map(|rule| rule.name.as_str()));
                let near = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
                return Err(refused(format!("there is no rule \"{name}\"{near}")));
            }
            _ => return Err(failed("several connectors have a rule of that name; name one with connector = \"...\"".to_owned())),
        };
        let before = (**rule).clone();
        patch.apply(rule).map_err(&failed)?;
        let kind = if before == **rule { RuleChangeKind::Unchanged } else { RuleChangeKind::Changed };
        self.changes.push(RuleChange { rule: before.name, connector: before.connector, direction: before.direction, kind });
        Ok(())
    }
}

fn find<'a, 'b>(connectors: &'b [RuleConnector<'a>], name: &str) -> Result<&'b RuleConnector<'a>, String> {
    let (key, guid) = (fold_text(name.trim()), Uuid::parse_str(name.trim()).ok());
    connectors.iter().find(|connector| fold_text(connector.name) == key || Some(connector.guid) == guid).ok_or_else(|| {
        let known: Vec<&str> = connectors.iter().map(|connector| connector.name).collect();
        format!("there is no connector \"{name}\"; the connectors: {}", known.join(", "))
    })
}

fn refused(message: impl Into<String>) -> RuleTextError {
    RuleTextError { message: message.into(), offset: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SequentialIds;
    use crate::rules::{LinkType, MergeType};

    const FOREST: &str = "[attributes]\nmail = \"string\"\ntitle = \"string\"\n[types]\nuser = [\"mail\", \"title\"]";

    fn saved(name: &str, connector: i64, precedence: i64) -> SyncRule {
        SyncRule {
            id: RuleId(precedence),
            guid: Uuid::from_u128(precedence.unsigned_abs().into()),
            name: name.to_owned(),
            description: String::new(),
            precedence,
            direction: Direction::Inbound,
            connector: ConnectorId(connector),
            connector_object_type: "user".to_owned(),
            metaverse_object_type: "person".to_owned(),
            link: LinkType::Join,
            enabled: true,
            password_sync: false,
            tag: None,
            scope: Vec::new(),
            join: Vec::new(),
            flows: vec![super::super::definition::Flow {
                target: "mail".to_owned(),
                source: super::super::definition::FlowSource::Direct("mail".to_owned()),
                apply_once: false,
                merge: MergeType::Update,
            }],
        }
    }

    fn check(text: &str) -> Result<Revision, RuleTextError> {
        let schema = Schema::from_toml(FOREST).unwrap();
        let connector = |id: i64, name| RuleConnector {
            id: ConnectorId(id),
            name,
            guid: Uuid::from_u128(u128::from(id.unsigned_abs()) + 700),
            schema: &schema,
        };
        let rules = [saved("Names", 1, 10), saved("Mail", 1, 20), saved("Mail", 2, 30)];
        revise(&rules, text, &[connector(1, "contoso.com"), connector(2, "fabrikam.com")], &SequentialIds::default())
    }

    const RULE: &str = "[[rule]]\nname = \"NAMES\"\nprecedence = 15\ndirection = \"inbound\"\nconnector = \"Contoso.com\"\n\
        connector_object = \"user\"\nmetaverse_object = \"person\"\nlink = \"join\"\nsame = [\"title\"]\n";

    #[test]
    fn a_rule_replaces_the_one_of_its_name_and_keeps_its_identity() {
        let revision = check(RULE).unwrap();
        assert_eq!(revision.changes.iter().map(|change| change.kind).collect::<Vec<_>>(), [RuleChangeKind::Replaced]);
        let rule = revision.rules.iter().find(|rule| rule.name == "NAMES").unwrap();
        assert_eq!((rule.id, rule.guid, rule.precedence), (RuleId(10), Uuid::from_u128(10), 15));
        assert_eq!((revision.rules.len(), rule.flows[0].target.as_str()), (3, "title"));
    }

    #[test]
    fn a_rule_that_got_another_name_is_found_by_its_identifier() {
        let id = Uuid::from_u128(10);
        let revision = check(&RULE.replace("name = \"NAMES\"", &format!("name = \"Titles\"\nid = \"{id}\""))).unwrap();
        assert_eq!(revision.changes[0].kind, RuleChangeKind::Replaced);
        let rule = revision.rules.iter().find(|rule| rule.name == "Titles").unwrap();
        assert_eq!((revision.rules.len(), rule.guid, rule.id), (3, id, RuleId(10)));
    }

    #[test]
    fn a_rule_of_a_new_name_or_of_another_connector_is_added() {
        for text in [RULE.replace("NAMES", "Titles"), RULE.replace("Contoso.com", "00000000-0000-0000-0000-0000000002be")] {
            let revision = check(&text).unwrap();
            assert_eq!(revision.changes[0].kind, RuleChangeKind::Added, "{text}");
            assert_eq!(revision.rules.len(), 4);
            assert_eq!(revision.rules[1].id, RuleId(0));
        }
    }

    #[test]
    fn a_rule_stands_beside_another_one() {
        let numbers = |text: &str| {
            let revision = check(text).unwrap();
            let numbers: Vec<(String, i64)> = revision.rules.into_iter().map(|rule| (rule.name, rule.precedence)).collect();
            (numbers, revision.changes[0].kind)
        };
        let named = |rules: &[(&str, i64)]| rules.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect::<Vec<_>>();
        let new = RULE.replace("NAMES", "Titles");
        let before = new.replace("precedence = 15", "before = \"Mail\"");
        let expected = named(&[("Names", 10), ("Titles", 19), ("Mail", 20), ("Mail", 30)]);
        assert_eq!(numbers(&before), (expected, RuleChangeKind::Added), "the rule of its own connector");
        let own = RULE.replace("precedence = 15", "before = \"Mail\"").replace("same = [\"title\"]", "same = [\"mail\"]");
        let own = own.replace("NAMES", "Names");
        assert_eq!(numbers(&own).1, RuleChangeKind::Unchanged, "it stands there already");
        let after = RULE.replace("precedence = 15", "after = \"Mail\"");
        assert_eq!(numbers(&after).0, named(&[("Mail", 20), ("NAMES", 21), ("Mail", 30)]));
    }

    #[test]
    fn a_change_leaves_the_rest_of_the_rule() {
        let revision = check("[[change]]\nrule = \"names\"\nscope = [[\"title EQUAL Boss\"]]").unwrap();
        assert_eq!(revision.rules[0].scope[0][0].to_string(), "title EQUAL Boss");
        assert_eq!(revision.rules[0].flows.len(), 1);
        assert_eq!(revision.changes[0].kind, RuleChangeKind::Changed);
        let revision = check("[[change]]\nrule = \"Mail\"\nconnector = \"fabrikam.com\"\nenabled = false").unwrap();
        assert_eq!(revision.rules.iter().map(|rule| rule.enabled).collect::<Vec<_>>(), [true, true, false]);
        assert_eq!(check("[[change]]\nrule = \"Names\"\nenabled = true").unwrap().changes[0].kind, RuleChangeKind::Unchanged);
    }

    #[test]
    fn a_standard_rule_reads_only_what_the_directory_has() {
        let text = RULE.replace("same = [\"title\"]", "tag = \"Microsoft.X\"\nsame = [\"title\", \"mailNickname\"]");
        let rule = check(&text).unwrap().rules.into_iter().find(|rule| rule.name == "NAMES").unwrap();
        assert_eq!(rule.flows.iter().map(|flow| flow.target.as_str()).collect::<Vec<_>>(), ["title"]);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_fix() {
        let check = |text: &str, words: &[&str]| {
            let message = check(text).unwrap_err().message;
            for word in words {
                assert!(message.contains(word), "missing {word:?} in {message}");
            }
        };
        check("", &["[[rule]]", "[[change]]"]);
        check(&RULE.replace("Contoso.com", "northwind"), &["NAMES", "northwind", "contoso.com, fabrikam.com"]);
        check(&RULE.replace("precedence = 15", "precedence = 20"), &["NAMES", "Mail", "precedence 20"]);
        check(&RULE.replace("precedence = 15", "precedence = \"high\""), &["\"high\""]);
        check(&RULE.replace("precedence = 15", "precedence = 15\nafter = \"Mail\""), &["NAMES", "one of precedence"]);
        check(&RULE.replace("precedence = 15\n", ""), &["NAMES", "one of precedence"]);
        check(&RULE.replace("precedence = 15", "after = \"Mal\""), &["NAMES", "\"Mal\"", "did you mean"]);
        check("[[change]]\nenabled = false", &["names no rule"]);
        check("[[change]]\nrule = \"Nmes\"", &["\"Nmes\"", "did you mean \"Names\""]);
        check("[[change]]\nrule = \"Mail\"", &["several connectors", "connector ="]);
        check("[[change]]\nrule = \"Names\"\nlnk = \"join\"", &["Names", "lnk"]);
        check("[[change]]\nrule = \"Names\"\nscope = [[\"title IS Boss\"]]", &["Names", "\"IS\""]);
        check("[[change]]\nrule = \"Names\"\nremove = [\"manager\"]", &["manager"]);
        check("[[rules]]\nname = \"x\"", &["rules"]);
    }
}
