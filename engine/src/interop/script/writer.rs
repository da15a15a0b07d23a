//! Rules to script.

use super::{APOSTROPHES, OBJECT_MODEL};
use crate::interop::rule::{Mapping, MappingSource, ServerRule};

/// The script that makes these rules on a server, each with an identifier of its own.
#[must_use]
pub fn to_script(rules: &[ServerRule]) -> String {
    let scripts: Vec<String> = rules.iter().map(one).collect();
    let mut script = scripts.join("\n\n\n");
    script.push('\n');
    script
}

fn one(rule: &ServerRule) -> String {
    let identifier = quoted(&rule.id.to_string());
    let mut parameters = vec![
        format!("-Name {}", quoted(&rule.name)),
        format!("-Identifier {identifier}"),
        format!("-Description {}", quoted(&rule.description)),
        format!("-Direction {}", quoted(rule.direction.label())),
        format!("-Precedence {}", rule.precedence),
        format!("-PrecedenceAfter {}", quoted(&rule.precedence_after.to_string())),
        format!("-PrecedenceBefore {}", quoted(&rule.precedence_before.to_string())),
        format!("-SourceObjectType {}", quoted(&rule.source_object_type)),
        format!("-TargetObjectType {}", quoted(&rule.target_object_type)),
        format!("-Connector {}", quoted(&rule.connector.to_string())),
        format!("-LinkType {}", quoted(rule.link_type.label())),
        "-SoftDeleteExpiryInterval 0".to_owned(),
        format!("-ImmutableTag {}", quoted(&rule.immutable_tag)),
    ];
    parameters.extend(rule.password_sync.then(|| "-EnablePasswordSync".to_owned()));
    parameters.extend(rule.disabled.then(|| "-Disabled".to_owned()));
    let mut commands = vec![command("New-ADSyncRule", parameters, Some("syncRule"))];
    commands.extend(rule.mappings.iter().map(flow));
    for group in &rule.scope_groups {
        let conditions = group
            .iter()
            .map(|clause| format!("{},{},{}", quoted(&clause.attribute), quoted(&clause.value), quoted(clause.operator.word())));
        conditions_of(&mut commands, "Scope", conditions.collect());
    }
    for group in &rule.join_groups {
        let conditions = group.iter().map(|clause| {
            let case_sensitive = if clause.case_sensitive { "$true" } else { "$false" };
            format!("{},{},{case_sensitive}", quoted(&clause.connector_attribute), quoted(&clause.metaverse_attribute))
        });
        conditions_of(&mut commands, "Join", conditions.collect());
    }
    commands.push(command("Add-ADSyncRule", vec![RULE.to_owned()], None));
    commands.push(command("Get-ADSyncRule", vec![format!("-Identifier {identifier}")], None));
    commands.join("\n\n\n")
}

const RULE: &str = "-SynchronizationRule $syncRule[0]";

fn flow(mapping: &Mapping) -> String {
    let flow_type = match (&mapping.expression, &mapping.source) {
        (Some(_), _) => "Expression",
        (None, MappingSource::Attributes(_)) => "Direct",
        (None, MappingSource::Constant(_) | MappingSource::Nothing) => "Constant",
    };
    let mut parameters = vec![RULE.to_owned()];
    match &mapping.source {
        MappingSource::Nothing => {}
        MappingSource::Constant(text) => parameters.push(format!("-Source @({})", quoted(text))),
        MappingSource::Attributes(names) => {
            let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
            parameters.push(format!("-Source @({})", names.join(",")));
        }
    }
    parameters.push(format!("-Destination {}", quoted(&mapping.destination)));
    parameters.push(format!("-FlowType {}", quoted(flow_type)));
    parameters.push(format!("-ValueMergeType {}", quoted(mapping.merge.label())));
    parameters.extend(mapping.expression.as_ref().map(|text| format!("-Expression {}", quoted(text))));
    parameters.extend(mapping.execute_once.then(|| "-ExecuteOnce".to_owned()));
    command("Add-ADSyncAttributeFlowMapping", parameters, Some("syncRule"))
}

fn conditions_of(commands: &mut Vec<String>, kind: &str, conditions: Vec<String>) {
    let mut names = Vec::with_capacity(conditions.len());
    for (number, condition) in conditions.into_iter().enumerate() {
        let parameters = vec![
            format!("-TypeName {}", quoted(&format!("{OBJECT_MODEL}.{kind}Condition"))),
            format!("-ArgumentList {condition}"),
        ];
        let name = format!("condition{number}");
        commands.push(command("New-Object", parameters, Some(&name)));
        names.push(format!("${name}[0]"));
    }
    let parameters = vec![RULE.to_owned(), format!("-{kind}Conditions @({})", names.join(","))];
    commands.push(command(&format!("Add-ADSync{kind}ConditionGroup"), parameters, Some("syncRule")));
}

fn command(name: &str, mut parameters: Vec<String>, variable: Option<&str>) -> String {
    parameters.extend(variable.map(|variable| format!("-OutVariable {variable}")));
    format!("{name}  `\n{}", parameters.join(" `\n"))
}

/// A text between apostrophes; those inside are doubled, the curved ones that PowerShell takes for the same too.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for character in text.chars() {
        out.push(character);
        if APOSTROPHES.contains(&character) {
            out.push(character);
        }
    }
    out.push('\'');
    out
}
