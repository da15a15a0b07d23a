//! Script to rules.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::lexer::{ScriptValue, Statement, statements};
use crate::interop::reading::Reading;
use crate::interop::rule::{
    DIRECTIONS, JoinClause, LINK_TYPES, MERGE_TYPES, Mapping, MappingSource, NO_INTERVAL, Scope, ServerRule,
};
use crate::rules::{Direction, LinkType, MergeType, ScopeOperator};

const COMMANDS: [&str; 7] = [
    "New-ADSyncRule",
    "Add-ADSyncAttributeFlowMapping",
    "New-Object",
    "Add-ADSyncScopeConditionGroup",
    "Add-ADSyncJoinConditionGroup",
    "Add-ADSyncRule",
    "Get-ADSyncRule",
];

/// True when a text looks like a rule script.
pub(in crate::interop) fn is_script(text: &str) -> bool {
    text.to_ascii_lowercase().contains("new-adsyncrule")
}

/// Reads the rules of a script; what is wrong with it is noted.
pub(in crate::interop) fn read(script: &str, reading: &mut Reading) -> Vec<ServerRule> {
    let statements = match statements(script) {
        Ok(statements) => statements,
        Err(fault) => {
            reading.fault("", format!("line {}: {}", fault.line, fault.reason));
            return Vec::new();
        }
    };
    let mut script = Script { reading, rules: Vec::new(), current: None, conditions: BTreeMap::new() };
    for statement in statements {
        script.take(&statement);
    }
    if let Some(rule) = script.current.take() {
        script
            .reading
            .warn("", format!("rule \"{}\" is made but never added with Add-ADSyncRule; it is read all the same", rule.name));
        script.rules.push(rule);
    }
    script.rules
}

struct Script<'a> {
    reading: &'a mut Reading,
    rules: Vec<ServerRule>,
    current: Option<ServerRule>,
    conditions: BTreeMap<String, Vec<ScriptValue>>,
}

impl Script<'_> {
    fn take(&mut self, statement: &Statement) {
        let command = COMMANDS.iter().find(|known| known.eq_ignore_ascii_case(&statement.command)).copied();
        match command {
            Some("New-ADSyncRule") => {
                let rule = self.new_rule(statement);
                if let Some(unfinished) = self.current.replace(rule) {
                    self.rules.push(unfinished);
                }
            }
            Some("Add-ADSyncAttributeFlowMapping") => {
                let mapping = self.mapping(statement);
                self.change(statement, |rule| rule.mappings.push(mapping));
            }
            Some("New-Object") => self.condition(statement),
            Some("Add-ADSyncScopeConditionGroup") => {
                let group = self.group(statement, "ScopeConditions");
                let group = group.into_iter().filter_map(|values| self.scope(statement, &values)).collect();
                self.change(statement, |rule| rule.scope_groups.push(group));
            }
            Some("Add-ADSyncJoinConditionGroup") => {
                let group = self.group(statement, "JoinConditions");
                let group = group.into_iter().filter_map(|values| self.join(statement, &values)).collect();
                self.change(statement, |rule| rule.join_groups.push(group));
            }
            Some("Add-ADSyncRule") => self.rules.extend(self.current.take()),
            Some(_) => {}
            None => {
                let message =
                    format!("\"{}\" is not a command of a rule script; only {} are", statement.command, COMMANDS.join(", "));
                self.fault(statement, "", message);
            }
        }
    }

    fn fault(&mut self, statement: &Statement, parameter: &str, message: impl std::fmt::Display) {
        self.reading.fault(parameter, format!("line {}: {message}", statement.line));
    }

    fn change(&mut self, statement: &Statement, change: impl FnOnce(&mut ServerRule)) {
        match &mut self.current {
            Some(rule) => change(rule),
            None => self.fault(statement, "", format!("{} comes before New-ADSyncRule", statement.command)),
        }
    }

    fn text(&mut self, statement: &Statement, name: &str, required: bool) -> String {
        match value(statement, name) {
            Some(ScriptValue::Text(text)) => text.clone(),
            Some(ScriptValue::List(list)) if list.len() == 1 => match list.first() {
                Some(ScriptValue::Text(text)) => text.clone(),
                _ => String::new(),
            },
            Some(_) => {
                self.fault(statement, &format!("-{name}"), "a text is expected");
                String::new()
            }
            None => {
                if required {
                    self.fault(statement, "", format!("{}: -{name} is missing", statement.command));
                }
                String::new()
            }
        }
    }

    fn guid(&mut self, statement: &Statement, name: &str, required: bool) -> Uuid {
        let text = self.text(statement, name, required);
        let digits = text.trim().trim_start_matches('{').trim_end_matches('}');
        if digits.is_empty() {
            return Uuid::nil();
        }
        match Uuid::try_parse(digits) {
            Ok(guid) => guid,
            Err(_) => {
                self.fault(statement, &format!("-{name}"), format!("\"{text}\" is not a GUID"));
                Uuid::nil()
            }
        }
    }

    fn choice<T: Copy>(&mut self, statement: &Statement, name: &str, words: &[(&str, T)], default: T) -> T {
        let text = self.text(statement, name, true);
        if text.is_empty() { default } else { self.reading.parse_choice(&format!("-{name}"), text.trim(), words, default) }
    }

    fn new_rule(&mut self, statement: &Statement) -> ServerRule {
        let id = self.guid(statement, "Identifier", true);
        let precedence = self.text(statement, "Precedence", true);
        let precedence = match precedence.trim().parse() {
            Ok(number) => number,
            Err(_) => {
                self.fault(statement, "-Precedence", format!("\"{precedence}\" is not a whole number"));
                0
            }
        };
        ServerRule {
            id,
            internal_id: id,
            version: 1,
            name: self.text(statement, "Name", true),
            description: self.text(statement, "Description", false),
            immutable_tag: self.text(statement, "ImmutableTag", false),
            direction: self.choice(statement, "Direction", &DIRECTIONS, Direction::Inbound),
            disabled: switch(statement, "Disabled"),
            connector: self.guid(statement, "Connector", true),
            source_object_type: self.text(statement, "SourceObjectType", true),
            target_object_type: self.text(statement, "TargetObjectType", true),
            link_type: self.choice(statement, "LinkType", &LINK_TYPES, LinkType::Join),
            precedence,
            precedence_after: self.guid(statement, "PrecedenceAfter", false),
            precedence_before: self.guid(statement, "PrecedenceBefore", false),
            soft_delete_expiry_interval: NO_INTERVAL.to_owned(),
            password_sync: switch(statement, "EnablePasswordSync"),
            mappings: Vec::new(),
            join_groups: Vec::new(),
            scope_groups: Vec::new(),
            unknown: Vec::new(),
        }
    }

    fn mapping(&mut self, statement: &Statement) -> Mapping {
        let expression = value(statement, "Expression").is_some().then(|| self.text(statement, "Expression", true));
        let sources: Option<Vec<String>> = match value(statement, "Source") {
            None => None,
            Some(ScriptValue::Text(text)) => Some(vec![text.clone()]),
            Some(ScriptValue::List(list)) => list
                .iter()
                .map(|item| match item {
                    ScriptValue::Text(text) => Some(text.clone()),
                    ScriptValue::Variable(_) | ScriptValue::List(_) => None,
                })
                .collect(),
            Some(ScriptValue::Variable(_)) => {
                self.fault(statement, "-Source", "texts are expected");
                None
            }
        };
        let flows = [("Direct", 'd'), ("Constant", 'c'), ("Expression", 'e')];
        let flow = self.choice(statement, "FlowType", &flows, 'd');
        let source = match (flow, sources) {
            (_, None) => MappingSource::Nothing,
            ('c', Some(texts)) => MappingSource::Constant(texts.into_iter().next().unwrap_or_default()),
            (_, Some(names)) => MappingSource::Attributes(names),
        };
        Mapping {
            destination: self.text(statement, "Destination", true),
            source,
            expression: expression.filter(|text| !text.trim().is_empty()),
            merge: self.choice(statement, "ValueMergeType", &MERGE_TYPES, MergeType::Update),
            execute_once: switch(statement, "ExecuteOnce"),
            unknown: Vec::new(),
        }
    }

    /// Remembers a condition under the name of its variable.
    fn condition(&mut self, statement: &Statement) {
        let name = self.text(statement, "OutVariable", true);
        let arguments = match value(statement, "ArgumentList") {
            Some(ScriptValue::List(list)) => list.clone(),
            _ => {
                self.fault(statement, "-ArgumentList", "three values with commas between them are expected");
                Vec::new()
            }
        };
        self.conditions.insert(name.to_ascii_lowercase(), arguments);
    }

    /// The arguments of the conditions that a group names.
    fn group(&mut self, statement: &Statement, name: &str) -> Vec<Vec<ScriptValue>> {
        let items = match value(statement, name) {
            Some(ScriptValue::List(list)) => list.clone(),
            Some(single) => vec![single.clone()],
            None => {
                self.fault(statement, "", format!("{}: -{name} is missing", statement.command));
                Vec::new()
            }
        };
        let mut group = Vec::new();
        for item in items {
            let found = match &item {
                ScriptValue::Variable(variable) => self.conditions.get(&variable.to_ascii_lowercase()).cloned(),
                ScriptValue::Text(_) | ScriptValue::List(_) => None,
            };
            match (found, item) {
                (Some(arguments), _) => group.push(arguments),
                (None, ScriptValue::Variable(variable)) => {
                    self.fault(statement, &format!("-{name}"), format!("no condition was made for ${variable}"));
                }
                (None, _) => self.fault(statement, &format!("-{name}"), "a variable such as $condition0[0] is expected"),
            }
        }
        group
    }

    fn scope(&mut self, statement: &Statement, arguments: &[ScriptValue]) -> Option<Scope> {
        let [ScriptValue::Text(attribute), ScriptValue::Text(value), ScriptValue::Text(operator)] = arguments else {
            self.fault(statement, "ScopeCondition", "attribute, value and operator are expected");
            return None;
        };
        let operator: ScopeOperator = match operator.trim().parse() {
            Ok(operator) => operator,
            Err(message) => {
                self.fault(statement, "ScopeCondition", message);
                return None;
            }
        };
        Some(Scope { attribute: attribute.clone(), operator, value: value.clone(), unknown: Vec::new() })
    }

    fn join(&mut self, statement: &Statement, arguments: &[ScriptValue]) -> Option<JoinClause> {
        let (connector, metaverse, case_sensitive) = match arguments {
            [ScriptValue::Text(connector), ScriptValue::Text(metaverse), ScriptValue::Variable(truth)]
                if truth.eq_ignore_ascii_case("true") || truth.eq_ignore_ascii_case("false") =>
            {
                (connector, metaverse, truth.eq_ignore_ascii_case("true"))
            }
            _ => {
                self.fault(statement, "JoinCondition", "two attributes and $true or $false are expected");
                return None;
            }
        };
        Some(JoinClause {
            connector_attribute: connector.clone(),
            metaverse_attribute: metaverse.clone(),
            case_sensitive,
            unknown: Vec::new(),
        })
    }
}

fn value<'a>(statement: &'a Statement, name: &str) -> Option<&'a ScriptValue> {
    let (_, value) = statement.parameters.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    value.as_ref()
}

fn switch(statement: &Statement, name: &str) -> bool {
    statement.parameters.iter().any(|(known, value)| {
        let off = matches!(value, Some(ScriptValue::Variable(truth)) if truth.eq_ignore_ascii_case("false"));
        known.eq_ignore_ascii_case(name) && !off
    })
}
