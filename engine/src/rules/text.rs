//! Rules as text files that diff well and that an administrator keeps in version control; the format is that of
//! [`super::file`].
//!
//! A rule is written the same way every time: keys in a fixed order, flows in order of target, one attribute a line, long
//! expressions folded. Reading what was written gives the same rules.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use uuid::Uuid;

use super::definition::{Flow, FlowSource, JoinCondition, MergeType, ScopeClause, SyncRule};
use super::file::rules_from_toml;
use super::place::{Side, neighbour, place};
use crate::model::{ConnectorId, IdSource, fold_text};

/// Columns after which an expression goes on in the next line.
const WIDTH: usize = 100;
const INDENT: &str = "    ";

/// A scoping filter as one sentence: `(department EQUAL IT) OR (c EQUAL US AND mail ISNOTNULL)`.
#[must_use]
pub fn scope_text(scope: &[Vec<ScopeClause>]) -> String {
    let group = |group: &Vec<ScopeClause>| {
        let clauses: Vec<String> = group.iter().map(ToString::to_string).collect();
        format!("({})", clauses.join(" AND "))
    };
    scope.iter().map(group).collect::<Vec<_>>().join(" OR ")
}

/// Join criteria as one sentence; `==` compares with regard to case.
#[must_use]
pub(super) fn join_text(join: &[Vec<JoinCondition>]) -> String {
    let group = |group: &Vec<JoinCondition>| group.iter().map(ToString::to_string).collect::<Vec<_>>().join(" AND ");
    join.iter().map(group).collect::<Vec<_>>().join(", then ")
}

/// Writes rules, in the order given. `connectors` has the names.
#[must_use]
pub fn write_rules(rules: &[SyncRule], connectors: &BTreeMap<ConnectorId, String>) -> String {
    let mut text = String::new();
    for rule in rules {
        if !text.is_empty() {
            text.push('\n');
        }
        write_rule(&mut text, &rule.clone().normal(), connectors.get(&rule.connector).map_or("", String::as_str));
    }
    text
}

fn write_rule(text: &mut String, rule: &SyncRule, connector: &str) {
    text.push_str("[[rule]]\n");
    let mut line = |key: &str, value: &str| {
        // Writing to a string cannot fail.
        writeln!(text, "{key} = {value}").ok();
    };
    let word = |value: serde_json::Result<String>| value.unwrap_or_default();
    line("name", &quoted(&rule.name));
    if !rule.is_standard() {
        line("id", &format!("\"{}\"", rule.guid));
    }
    if !rule.description.is_empty() {
        line("description", &quoted(&rule.description));
    }
    line("precedence", &rule.precedence.to_string());
    line("direction", &word(serde_json::to_string(&rule.direction)));
    line("connector", &quoted(connector));
    line("connector_object", &quoted(&rule.connector_object_type));
    line("metaverse_object", &quoted(&rule.metaverse_object_type));
    line("link", &word(serde_json::to_string(&rule.link)));
    if !rule.enabled {
        line("enabled", "false");
    }
    if rule.password_sync {
        line("password_sync", "true");
    }
    if let Some(tag) = &rule.tag {
        line("tag", &quoted(tag));
    }
    let groups = |groups: Vec<Vec<String>>| -> Vec<String> { groups.iter().map(|group| list(group)).collect() };
    let scope = rule.scope.iter().map(|group| group.iter().map(ToString::to_string).collect()).collect();
    let join = rule.join.iter().map(|group| group.iter().map(ToString::to_string).collect()).collect();
    for (key, items) in [("scope", groups(scope)), ("join", groups(join))] {
        if !items.is_empty() {
            line(key, &array(&items));
        }
    }
    let flows = Flows::of(rule);
    for (key, names) in [("same", &flows.same), ("trimmed", &flows.trimmed), ("apply_once", &flows.apply_once)] {
        if !names.is_empty() {
            line(key, &array(&names.iter().map(|name| quoted(name)).collect::<Vec<_>>()));
        }
    }
    for (table, entries) in
        [("direct", &flows.direct), ("expression", &flows.expression), ("constant", &flows.constant), ("merge", &flows.merge)]
    {
        if entries.is_empty() {
            continue;
        }
        writeln!(text, "\n[rule.{table}]").ok();
        for (target, value) in entries {
            writeln!(text, "{} = {}", key(target), quoted(value)).ok();
        }
    }
}

/// The flows of a rule by the way in which they are written.
#[derive(Default)]
struct Flows<'a> {
    same: Vec<&'a str>,
    trimmed: Vec<&'a str>,
    apply_once: Vec<&'a str>,
    direct: Vec<(&'a str, String)>,
    expression: Vec<(&'a str, String)>,
    constant: Vec<(&'a str, String)>,
    merge: Vec<(&'a str, String)>,
}

impl<'a> Flows<'a> {
    fn of(rule: &'a SyncRule) -> Self {
        let mut flows = Self::default();
        for flow in &rule.flows {
            flows.add(flow);
        }
        flows
    }

    fn add(&mut self, flow: &'a Flow) {
        let target = flow.target.as_str();
        match &flow.source {
            FlowSource::Direct(source) if source == target => self.same.push(target),
            FlowSource::Direct(source) => self.direct.push((target, source.clone())),
            FlowSource::Expression(text) if *text == format!("Trim([{target}])") => self.trimmed.push(target),
            FlowSource::Expression(text) => self.expression.push((target, text.clone())),
            FlowSource::Constant(text) => self.constant.push((target, text.clone())),
        }
        if flow.apply_once {
            self.apply_once.push(target);
        }
        if flow.merge != MergeType::default() {
            self.merge.push((target, flow.merge.label().to_owned()));
        }
    }
}

/// A group of clauses or conditions: on one line when it fits there.
fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| single(item)).collect();
    let line = format!("[{}]", items.join(", "));
    if line.chars().count() <= WIDTH { line } else { array(&items).replace('\n', &format!("\n{INDENT}")) }
}

/// A list with one item a line.
fn array(items: &[String]) -> String {
    let mut text = "[\n".to_owned();
    for item in items {
        text.push_str(&format!("{INDENT}{item},\n"));
    }
    text.push(']');
    text
}

fn key(name: &str) -> String {
    let bare = |character: char| character.is_ascii_alphanumeric() || character == '-' || character == '_';
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { basic(name) }
}

/// A text in the form that reads best: plain, with the quotes it needs, over several lines.
fn quoted(text: &str) -> String {
    let control = |character: char| character.is_control() && character != '\n';
    if text.contains('\n') {
        return format!("\"\"\"\n{}\"\"\"", escaped(text, true));
    }
    // White space at the beginning of a folded text would be lost.
    if text.chars().count() > WIDTH && !text.chars().any(control) && !text.starts_with(char::is_whitespace) {
        return folded(text);
    }
    single(text)
}

/// A text on one line.
fn single(text: &str) -> String {
    let reads_better_bare = text.contains(['"', '\\']) && !text.contains('\'') && !text.chars().any(char::is_control);
    if reads_better_bare { format!("'{text}'") } else { basic(text) }
}

fn basic(text: &str) -> String {
    format!("\"{}\"", escaped(text, false))
}

/// Escapes a text for a basic string; in one of several lines, line breaks and single quotation marks stay.
fn escaped(text: &str, several_lines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\n' if several_lines => out.push('\n'),
            '"' if several_lines && characters.peek().is_some_and(|next| *next != '"') => out.push('"'),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other if other.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(other))),
            other => out.push(other),
        }
    }
    out
}

/// A long text over several lines that are one when read: a line ends in `\`, and white space at the beginning of the
/// next does not count.
fn folded(text: &str) -> String {
    let mut out = "\"\"\"\\\n".to_owned();
    let mut rest = text;
    while !rest.is_empty() {
        let end = fold_at(rest);
        let (line, tail) = rest.split_at(end);
        out.push_str(INDENT);
        // A quotation mark before the fold is followed by the fold, not by another one.
        out.push_str(&escaped(line, true));
        if !tail.is_empty() {
            out.push_str("\\\n");
        }
        rest = tail;
    }
    out.push_str("\"\"\"");
    out
}

/// Where to end a line: behind a comma or space within the width if there is one, and never before white space.
fn fold_at(text: &str) -> usize {
    if text.chars().count() <= WIDTH {
        return text.len();
    }
    let mut best = None;
    let mut least = None;
    let mut before = None;
    for (column, (place, character)) in text.char_indices().enumerate() {
        if column > 0 && !character.is_whitespace() {
            if column <= WIDTH && matches!(before, Some(',' | ' ')) {
                best = Some(place);
            }
            if column >= WIDTH {
                least = Some(place);
            }
        }
        if column >= WIDTH && (best.is_some() || least.is_some()) {
            break;
        }
        before = Some(character);
    }
    best.or(least).unwrap_or(text.len())
}

/// Why a rule is refused that is written more than once.
pub const TWICE: &str = "it is there twice; leave one of them out";

/// Reads rules that are written with the names of connectors. A rule is that of `known` which has its identifier, or its
/// name on its connector; any other is new and has the number 0. Known rules that make room for one that is to stand
/// beside another are given as well.
///
/// # Errors
/// Everything that keeps the text from being rules, each with its line or its rule.
pub fn read_rules(
    text: &str,
    connectors: &BTreeMap<ConnectorId, String>,
    known: &[SyncRule],
    ids: &dyn IdSource,
) -> Result<Vec<SyncRule>, Vec<String>> {
    let texts = rules_from_toml(text).map_err(|error| {
        let place = error.offset.map_or_else(String::new, |offset| format!("line {}: ", line_of(text, offset)));
        vec![format!("{place}{}", error.message)]
    })?;
    let (mut rules, mut places, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for written in &texts {
        let mut fault = |reason: String| faults.push(format!("rule \"{}\": {reason}", written.name));
        if !written.present_when.is_empty() || written.join_option.is_some() {
            fault("present_when and join_option are for the rules that come with the program; leave them out".to_owned());
        }
        let found = connectors.iter().find(|(_, name)| fold_text(name) == fold_text(&written.connector));
        let Some((connector, _)) = found else {
            let names: Vec<&str> = connectors.values().map(String::as_str).collect();
            fault(format!("there is no connector \"{}\"; there are: {}", written.connector, names.join(", ")));
            continue;
        };
        let same = |rule: &&SyncRule| match written.id {
            Some(id) if known.iter().any(|rule| rule.guid == id) => rule.guid == id,
            _ => rule.connector == *connector && fold_text(&rule.name) == fold_text(written.name.trim()),
        };
        let present = known.iter().find(same);
        let guid: Uuid = present.map(|rule| rule.guid).or(written.id).unwrap_or_else(|| ids.guid());
        if rules.iter().any(|rule: &SyncRule| rule.guid == guid) {
            fault(TWICE.to_owned());
            continue;
        }
        match written.to_rule(*connector, written.precedence(), guid, &|_| true) {
            Ok(rule) => {
                let id = present.map_or(rule.id, |rule| rule.id);
                rules.push(SyncRule { id, ..rule }.normal());
                places.push(written.beside());
            }
            Err(reason) => fault(reason),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    // Rules with a number are where they belong; the others find their place beside them.
    for (at, place) in places.into_iter().enumerate() {
        if let (Some((name, side)), Some(rule)) = (place, rules.get(at).cloned())
            && let Err(reason) = stand_beside(&mut rules, at, known, name, side)
        {
            faults.push(format!("rule \"{}\": {reason}", rule.name));
        }
    }
    if faults.is_empty() { Ok(rules) } else { Err(faults) }
}

/// Puts a rule that was read beside another one; known rules that make room are added to those that were read.
fn stand_beside(rules: &mut Vec<SyncRule>, at: usize, known: &[SyncRule], name: &str, side: Side) -> Result<(), String> {
    let unread = |rule: &&SyncRule| !rules.iter().any(|read| read.guid == rule.guid);
    let all: Vec<SyncRule> = known
        .iter()
        .filter(unread)
        // What it was before says where it stands, so that reading a file twice moves nothing.
        .chain(rules.iter().enumerate().filter(|(place, _)| *place != at).map(|(_, rule)| rule))
        .cloned()
        .collect();
    let Some(rule) = rules.get(at).cloned() else { return Ok(()) };
    let present = known.iter().find(|known| known.guid == rule.guid);
    let beside = neighbour(&all, &rule, name)?;
    let with_present: Vec<SyncRule> = all.iter().chain(present).cloned().collect();
    let placed = place(&with_present, &rule, beside, side)?;
    for other in all {
        let Some(number) = placed.shifted.get(&other.guid) else { continue };
        let moved = SyncRule { precedence: *number, ..other };
        match rules.iter_mut().find(|read| read.guid == moved.guid) {
            Some(read) => *read = moved,
            None => rules.push(moved),
        }
    }
    if let Some(rule) = rules.get_mut(at) {
        rule.precedence = placed.precedence;
    }
    Ok(())
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{
        DefaultSetOptions, Direction, LinkType, ScopeOperator, UserMatch, active_directory_schema, default_rules,
    };
    use super::*;
    use crate::model::{RuleId, Schema, SequentialIds};

    fn connectors() -> BTreeMap<ConnectorId, String> {
        [(ConnectorId(1), "contoso.com".to_owned()), (ConnectorId(2), "contoso - AAD".to_owned())].into()
    }

    fn sample() -> SyncRule {
        SyncRule {
            id: RuleId(7),
            guid: Uuid::from_u128(0x51),
            name: "In from AD - \"Sales\"".to_owned(),
            description: "Two\nlines".to_owned(),
            precedence: 12,
            direction: Direction::Inbound,
            connector: ConnectorId(1),
            connector_object_type: "user".to_owned(),
            metaverse_object_type: "person".to_owned(),
            link: LinkType::StickyJoin,
            enabled: false,
            password_sync: true,
            tag: None,
            scope: vec![
                vec![ScopeClause { attribute: "department".into(), operator: ScopeOperator::Equal, value: "Sales  EU ".into() }],
                vec![
                    ScopeClause { attribute: "c".into(), operator: ScopeOperator::Equal, value: "US".into() },
                    ScopeClause { attribute: "mail".into(), operator: ScopeOperator::IsNotNull, value: String::new() },
                ],
            ],
            join: vec![vec![JoinCondition {
                connector_attribute: "mail".into(),
                metaverse_attribute: "mail".into(),
                case_sensitive: true,
            }]],
            flows: vec![
                flow("title", FlowSource::Expression("Trim([title])".into())),
                flow("department", FlowSource::Direct("department".into())),
                Flow { apply_once: true, ..flow("company", FlowSource::Constant("Contoso \"Ltd\" it's".into())) },
                Flow { merge: MergeType::Merge, ..flow("proxyAddresses", FlowSource::Direct("otherMailbox".into())) },
                flow("info", FlowSource::Expression("IIF([info] = \"\\\",\n  NULL,\t[info])".into())),
                flow("displayName", FlowSource::Expression(format!("IIF(Len([cn]) > 1, \"{}\\\", [cn])", "x, ".repeat(60)))),
            ],
        }
        .normal()
    }

    fn flow(target: &str, source: FlowSource) -> Flow {
        Flow { target: target.to_owned(), source, apply_once: false, merge: MergeType::Update }
    }

    fn read(text: &str, known: &[SyncRule]) -> Result<Vec<SyncRule>, Vec<String>> {
        read_rules(text, &connectors(), known, &SequentialIds::default())
    }

    #[test]
    fn a_rule_is_written_one_thing_a_line() {
        let first = format!("IIF(Len([cn]) > 1, \"{}", "x, ".repeat(26));
        let (second, third) = ("x, ".repeat(33), "x, ");
        let expected = format!(
            r#"[[rule]]
name = 'In from AD - "Sales"'
id = "00000000-0000-0000-0000-000000000051"
description = """
Two
lines"""
precedence = 12
direction = "inbound"
connector = "contoso.com"
connector_object = "user"
metaverse_object = "person"
link = "sticky-join"
enabled = false
password_sync = true
scope = [
    ["department EQUAL Sales  EU "],
    ["c EQUAL US", "mail ISNOTNULL"],
]
join = [
    ["mail == mail"],
]
same = [
    "department",
]
trimmed = [
    "title",
]
apply_once = [
    "company",
]

[rule.direct]
proxyAddresses = "otherMailbox"

[rule.expression]
displayName = """\
    {first}\
    {second}\
    {third}\\", [cn])"""
info = """
IIF([info] = "\\",
  NULL,\t[info])"""

[rule.constant]
company = "Contoso \"Ltd\" it's"

[rule.merge]
proxyAddresses = "Merge"
"#
        );
        assert_eq!(write_rules(&[sample()], &connectors()), expected);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let tenant = Schema::from_toml(include_str!("../../../assets/tenant-schema.toml")).unwrap();
        let forest = active_directory_schema().unwrap();
        let options = DefaultSetOptions {
            forests: vec![(ConnectorId(1), &forest)],
            tenant: (ConnectorId(2), &tenant),
            user_match: UserMatch::ObjectSid,
            source_anchor: "mS-DS-ConsistencyGuid".to_owned(),
            sign_in: "userPrincipalName".to_owned(),
            hybrid_exchange: true,
            device_write_up: true,
            apps: None,
        };
        let mut rules = default_rules(&options, &SequentialIds::default()).unwrap();
        rules.push(sample());
        let text = write_rules(&rules, &connectors());
        assert_eq!(read(&text, &rules), Ok(rules.clone()));
        assert_eq!(write_rules(&rules, &connectors()), text);
        let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= WIDTH + 40, "{longest}");
    }

    #[test]
    fn rules_are_found_again_by_identifier_or_name() {
        let known = [sample()];
        let written = |rule: &SyncRule| write_rules(std::slice::from_ref(rule), &connectors());
        let renamed = SyncRule { name: "Sales".to_owned(), ..sample() };
        assert_eq!(read(&written(&renamed), &known).unwrap()[0].id, RuleId(7));
        let other_server = SyncRule { guid: Uuid::from_u128(0x99), name: sample().name.to_uppercase(), ..sample() };
        let found = read(&written(&other_server), &known).unwrap().remove(0);
        assert_eq!((found.id, found.guid), (RuleId(7), sample().guid));
        let new = SyncRule { guid: Uuid::from_u128(0x99), name: "New".to_owned(), ..sample() };
        let found = read(&written(&new), &known).unwrap().remove(0);
        assert_eq!((found.id, found.guid), (RuleId(0), Uuid::from_u128(0x99)));
    }

    #[test]
    fn faults_are_told_together_and_placed() {
        let text = write_rules(&[sample()], &connectors());
        let check = |from: &str, to: &str, expected: &[&str]| {
            let faults = read(&text.replace(from, to), &[]).unwrap_err().join("\n");
            for words in expected {
                assert!(faults.contains(words), "{words} in {faults}");
            }
        };
        check("precedence = 12", "precedence = twelve", &["line 7: "]);
        check("link = ", "lynk = ", &["lynk"]);
        check("contoso.com", "fabrikam.com", &["no connector \"fabrikam.com\"; there are: contoso.com, contoso - AAD"]);
        let twice = format!("{text}\n{}", text.replace("c EQUAL US", "c IS US")).replace("contoso.com", "x.com");
        assert_eq!(read(&twice, &[]).unwrap_err().len(), 2);
        check("c EQUAL US", "c IS US", &["rule \"In from AD - \"Sales\"\"", "\"IS\""]);
        check("link = ", "present_when = \"always\"\nlink = ", &["present_when"]);
    }

    proptest! {
        #[test]
        fn any_text_survives(text in "(\\PC|[ \"\\\\,\n\t'\r\u{7f}]|\"\"\"){0,220}") {
            let written = format!("a = {}", quoted(&text));
            let read: toml::Table = toml::from_str(&written).map_err(|error| TestCaseError::fail(format!("{error}: {written}")))?;
            prop_assert_eq!(read["a"].as_str(), Some(text.as_str()));
        }
    }
}
