//! `syncline why` and `syncline why-not`: explanations of a value, and of what is in the way of an object.

use clap::{Args, Subcommand};
use syncline_engine::service::{ExpressionPart, Finding, FindingState, FlowStatus, FlowView, WhyNotView, WhyView};

use super::exit::Failure;
use super::output::Answer;
use super::preview;
use super::session::Session;
use super::table::{Pairs, Table};
use super::text::{View, safe, truncate};

/// Results of one part of an expression that are shown.
const MOST_RESULTS: usize = 3;

/// Verbs of `why`.
#[derive(Debug, Subcommand)]
pub enum WhyCommand {
    /// Tell why an attribute of a metaverse object has its value: the winning rule, the losers, the expression
    #[command(after_help = "\
ID is a GUID, or a text that exactly one object is found under, as with \"mv search\".
All flows of the joined objects are evaluated now, by the rules as they are saved.

Examples:
  syncline why mv \"Aaron Hughes\" displayName
  syncline why mv 5f0c1a34-0000-4000-8000-000000000000 cloudFiltered")]
    Mv {
        /// GUID of the object, or text that finds only it
        #[arg(value_name = "ID")]
        object: String,
        /// Metaverse attribute; case does not matter
        #[arg(value_name = "ATTRIBUTE")]
        attribute: String,
    },
}

/// Arguments of `why-not`.
#[derive(Args, Debug)]
#[command(after_help = "\
Looks step by step for what is in the way: container filter, scope of every rule with the first
clause that fails and the value found, join groups with their candidates, provisioning to every
target, last errors. The verdict comes first.

Examples:
  syncline why-not contoso.com --dn \"CN=Aaron Hughes,OU=Sales,OU=Seattle,OU=Corp,DC=contoso,DC=com\"")]
pub struct WhyNotArgs {
    /// Name or GUID of the connector
    #[arg(value_name = "CONNECTOR")]
    pub connector: String,
    /// Distinguished name of the object
    #[arg(long, value_name = "DN")]
    pub dn: String,
}

impl WhyCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mv { .. } => "why mv",
        }
    }

    /// Answers it.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let Self::Mv { object, attribute } = self;
        let why = session.query(|engine| Ok(engine.why(object, attribute)?))?;
        Answer::new(&why, why_text(&why, &session.output.view))
    }
}

/// Answers `why-not`.
pub fn not(session: &Session, arguments: &WhyNotArgs) -> Result<Answer, Failure> {
    let found = session.query(|engine| Ok(engine.why_not(&arguments.connector, &arguments.dn)?))?;
    Answer::new(&found, not_text(&found, &session.output.view))
}

fn why_text(why: &WhyView, view: &View) -> String {
    let mut text = format!("{}\n\n", safe(&why.verdict));
    let mut facts = Pairs::default()
        .add("Metaverse object", format!("{} ({}, {})", why.object.display_name, why.object.object_type, why.object.guid))
        .add("Attribute", format!("{} ({})", why.attribute, why.value_type.word()));
    if let Some(stored) = &why.stored {
        let more = stored.count.saturating_sub(stored.values.len() as u64);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        facts = facts
            .add("Stored value", format!("{}{more}", stored.values.join("; ")))
            .add("Contributed by", format!("{} of {}", stored.dn, stored.connector))
            .add("Synchronization rule", &stored.rule)
            .add("Time", view.time_or_empty(stored.time));
    }
    text.push_str(&facts.render());
    if let Some(error) = &why.error {
        text.push_str(&format!("\n{}: {}\n", safe(error.code.as_str()), safe(&error.message)));
    }
    if why.flows.is_empty() {
        text.push_str("\nNo rule for the joined objects flows to it.\n");
    } else {
        text.push_str("\nFlows, best precedence first\n");
        let mut table =
            Table::new().numbers(["Precedence"]).texts(["Synchronization rule", "Connector", "Object", "Status", "Gives", "Why"]);
        for flow in &why.flows {
            table.row([
                &flow.precedence.to_string(),
                &flow.rule,
                &flow.connector,
                &flow.dn,
                flow.status.label(),
                &preview::gives(flow),
                &flow.reason,
            ]);
        }
        text.push_str(&table.render(view.width));
    }
    for flow in explained(&why.flows) {
        let Some(expression) = &flow.expression else { continue };
        text.push_str(&format!("\nExpression of rule \"{}\" on {}\n", safe(&flow.rule), safe(&flow.dn)));
        let mut lines = Vec::new();
        parts(&mut lines, expression, 0);
        let columns = lines.iter().map(|(part, _)| part.chars().count()).max().unwrap_or_default();
        for (part, result) in lines {
            let padding = " ".repeat(columns.saturating_sub(part.chars().count()));
            text.push_str(format!("  {part}{padding}  = {result}").trim_end());
            text.push('\n');
        }
    }
    if !why.elsewhere.is_empty() {
        text.push_str("\nRules that give it to objects that are not joined here\n");
        for rule in &why.elsewhere {
            text.push_str(&format!("  {}\n", safe(rule)));
        }
    }
    text
}

/// The flows whose expressions matter: that of the winner, else those that gave nothing.
fn explained(flows: &[FlowView]) -> Vec<&FlowView> {
    let of = |wanted: &[FlowStatus]| -> Vec<&FlowView> {
        flows.iter().filter(|flow| wanted.contains(&flow.status) && flow.expression.is_some()).collect()
    };
    let failed = of(&[FlowStatus::Error]);
    let winners = of(&[FlowStatus::Applied, FlowStatus::AppliedUnchanged, FlowStatus::AuthoritativeNull]);
    let decided = flows
        .iter()
        .any(|flow| matches!(flow.status, FlowStatus::Applied | FlowStatus::AppliedUnchanged | FlowStatus::AuthoritativeNull));
    match (failed.is_empty(), decided) {
        (false, _) => failed,
        (true, true) => winners,
        (true, false) => of(&[FlowStatus::NoValue, FlowStatus::Ignored]),
    }
}

/// The parts of an expression, each under the one it belongs to. Constants are what they say.
fn parts(lines: &mut Vec<(String, String)>, part: &ExpressionPart, depth: usize) {
    let is_constant = part.parts.is_empty() && !part.text.contains(['[', '(', '%']);
    if is_constant && depth > 0 {
        return;
    }
    let text =
        format!("{}{}", "  ".repeat(depth), truncate(&safe(&part.text.split_whitespace().collect::<Vec<_>>().join(" ")), 70));
    let mut results: Vec<String> = part.results.iter().take(MOST_RESULTS).map(|result| truncate(&safe(result), 70)).collect();
    if part.results.len() > MOST_RESULTS {
        results.push(format!("and {} more", part.results.len() - MOST_RESULTS));
    }
    let result = if results.is_empty() { "not reached".to_string() } else { results.join(" | ") };
    lines.push((text, result));
    // What is inside a part that was not reached was not reached either.
    if !part.results.is_empty() {
        part.parts.iter().for_each(|inner| parts(lines, inner, depth + 1));
    }
}

fn not_text(found: &WhyNotView, view: &View) -> String {
    let mut text = format!("{}\n\n", safe(&found.verdict));
    text.push_str(
        &Pairs::default()
            .add("Connector", &found.connector)
            .add("Distinguished name", &found.dn)
            .add_some("Type", found.object_type.as_deref())
            .add_some("GUID", found.guid.map(|guid| guid.to_string()))
            .render(),
    );
    text.push_str("\nStep by step\n");
    for Finding { step, state, text: finding } in &found.findings {
        let mark = match state {
            FindingState::Good => "ok  ",
            FindingState::Bad => "!!  ",
            FindingState::Note => "--  ",
        };
        text.push_str(&format!("  {mark}{}: {}\n", safe(step), safe(finding)));
    }
    if !found.scope.is_empty() {
        text.push_str("\nInbound rules for its type\n");
        preview::scope(&mut text, &found.scope, view);
    }
    preview::joins(&mut text, &found.joins, view);
    for target in &found.targets {
        text.push_str(&format!("\nOutbound rules of {}\n", safe(&target.connector)));
        preview::scope(&mut text, &target.scope, view);
    }
    if !found.similar.is_empty() {
        text.push_str("\nObjects with the same relative name\n");
        for dn in &found.similar {
            text.push_str(&format!("  {}\n", safe(dn)));
        }
    }
    text
}
