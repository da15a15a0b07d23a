//! `syncline mv`: metaverse objects.

use clap::{Args, Subcommand};
use syncline_engine::service::{MvHit, MvObjectView, MvSearch, SearchClause, SearchOperator};

use super::cs::object_guid;
use super::exit::Failure;
use super::mv_schema::SchemaCommand;
use super::output::Answer;
use super::session::Session;
use super::table::{Pairs, Table};
use super::text::View;

/// Verbs of `mv`.
#[derive(Debug, Subcommand)]
pub enum MvCommand {
    /// Search the metaverse
    #[command(after_help = "\
TEXT is looked for in display name, account name, mail, user principal name and source anchor.
Conditions (all must hold, case does not matter):
  attr=value     equals             attr=*        is present
  attr=value*    starts with        attr!=*       is not present
  attr=*value    ends with          attr=*value*  contains
  attr!=*value*  does not contain   \\* is a star itself

Examples:
  syncline mv search Ada
  syncline mv search --type group
  syncline mv search --type person --where 'department=Sales' --where 'mail=*'")]
    Search(SearchArgs),
    /// Show one object: attributes with where they came from, and its connectors
    Show {
        /// GUID of the object
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Show and change object types and attributes of the metaverse
    #[command(subcommand)]
    Schema(SchemaCommand),
}

/// Arguments of `mv search`.
#[derive(Args, Debug)]
pub struct SearchArgs {
    /// Text that one of the names must contain
    #[arg(value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub text: String,
    /// Only objects of this type, such as person or group
    #[arg(long = "type", value_name = "TYPE")]
    pub object_type: Option<String>,
    /// Condition on an attribute; may be repeated
    #[arg(long = "where", value_name = "CONDITION", value_parser = parse_clause)]
    pub clauses: Vec<SearchClause>,
    /// Most rows to list
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u64,
    /// Rows to skip
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: u64,
}

/// A condition as typed.
fn parse_clause(text: &str) -> Result<SearchClause, String> {
    let Some((name, pattern)) = text.split_once('=') else {
        return Err("a condition is attr=value; \"syncline mv search --help\" lists the forms".to_string());
    };
    let (name, negated) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
    let attribute = name.trim().to_string();
    if attribute.is_empty() {
        return Err("a condition begins with an attribute name: attr=value".to_string());
    }
    let (starts, value, ends) = stars(pattern);
    if value.is_empty() && !starts && !ends {
        return Err(format!("\"{text}\" has no value; {attribute}!=* finds objects without the attribute"));
    }
    let operator = match (negated, starts, ends) {
        (false, ..) if value.is_empty() => SearchOperator::IsPresent,
        (true, ..) if value.is_empty() => SearchOperator::IsNotPresent,
        (false, false, false) => SearchOperator::Equals,
        (false, false, true) => SearchOperator::StartsWith,
        (false, true, false) => SearchOperator::EndsWith,
        (false, true, true) => SearchOperator::Contains,
        (true, true, true) => SearchOperator::NotContains,
        (true, ..) => return Err(format!("only {attribute}!=* and {attribute}!=*value* can be asked with !=")),
    };
    Ok(SearchClause { attribute, operator, value })
}

/// A star in front, the text between, a star at the end; `\*` is a star of the text.
fn stars(pattern: &str) -> (bool, String, bool) {
    let (pattern, starts) = pattern.strip_prefix('*').map_or((pattern, false), |rest| (rest, true));
    let (pattern, ends) = match pattern.strip_suffix('*') {
        Some(rest) if !rest.ends_with('\\') => (rest, true),
        _ => (pattern, false),
    };
    (starts, pattern.replace("\\*", "*"), ends)
}

impl MvCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Search(_) => "mv search",
            Self::Show { .. } => "mv show",
            Self::Schema(command) => command.name(),
        }
    }

    /// Answers it.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let view = &session.output.view;
        match self {
            Self::Search(search) => {
                let page = session.query(|engine| {
                    Ok(engine.search_metaverse(&MvSearch {
                        object_type: search.object_type.clone(),
                        clauses: search.clauses.clone(),
                        text: search.text.clone(),
                        offset: search.offset,
                        limit: search.limit,
                        ..MvSearch::default()
                    })?)
                })?;
                let text = if page.rows.is_empty() { "No objects.\n".to_string() } else { hits(&page.rows, view) };
                let hint = super::more(search.offset, page.rows.len(), page.total, "object");
                Ok(Answer::new(&page, text)?.hint(hint))
            }
            Self::Show { id } => {
                let guid = object_guid(id)?;
                let object = session.query(|engine| Ok(engine.mv_object(guid)?))?;
                Answer::new(&object, text(&object, view))
            }
            Self::Schema(command) => command.run(session),
        }
    }
}

fn hits(hits: &[MvHit], view: &View) -> String {
    let mut table = Table::new()
        .texts(["Display name", "Type", "User principal name", "Mail", "Account name"])
        .numbers(["Connectors"])
        .texts(["GUID"]);
    for hit in hits {
        let attribute = |name: &str| hit.attributes.get(name).cloned().unwrap_or_default();
        table.row([
            hit.display_name.clone(),
            hit.object_type.clone(),
            attribute("userPrincipalName"),
            attribute("mail"),
            attribute("accountName"),
            hit.connectors.to_string(),
            hit.guid.to_string(),
        ]);
    }
    table.render(view.width)
}

fn text(object: &MvObjectView, view: &View) -> String {
    let mut text = Pairs::default()
        .add("Display name", &object.hit.display_name)
        .add("GUID", object.hit.guid.to_string())
        .add("Type", &object.hit.object_type)
        .add("Created", view.time_or_empty(object.created))
        .add("Changed", view.time_or_empty(object.changed))
        .render();
    text.push_str("\nAttributes\n");
    let mut table = Table::new().texts(["Attribute", "Value", "Contributed by", "Synchronization rule", "Time"]);
    for attribute in &object.attribute_details {
        let mut values: Vec<&str> = attribute.values.iter().map(|value| value.text.as_str()).collect();
        let left_out = attribute.count.saturating_sub(values.len() as u64);
        let more = format!("... and {left_out} more");
        if left_out > 0 {
            values.push(&more);
        }
        for (position, value) in values.into_iter().enumerate() {
            if position == 0 {
                table.row([&attribute.name, value, &attribute.connector, &attribute.rule, &view.time_or_empty(attribute.time)]);
            } else {
                table.row(["", value, "", "", ""]);
            }
        }
    }
    text.push_str(&table.render(view.width));
    text.push_str("\nConnectors\n");
    let mut table = Table::new().texts(["Connector", "Type", "Distinguished name", "GUID"]);
    for connector in &object.connector_details {
        table.row([
            connector.connector_name.as_str(),
            &connector.hit.object_type,
            &connector.hit.dn,
            &connector.hit.guid.to_string(),
        ]);
    }
    text.push_str(&table.render(view.width));
    for connector in &object.connector_details {
        if !connector.lineage.is_empty() {
            text.push_str(&format!("\n{}", super::text::safe(&connector.connector_name)));
            super::cs::lineage(&mut text, &connector.lineage, view);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_as_typed() {
        let check = |text: &str, operator: SearchOperator, value: &str| {
            let expected = SearchClause { attribute: "mail".into(), operator, value: value.into() };
            assert_eq!(parse_clause(text), Ok(expected), "{text}");
        };
        check("mail=ann@x", SearchOperator::Equals, "ann@x");
        check("mail=ann*", SearchOperator::StartsWith, "ann");
        check("mail=*@x", SearchOperator::EndsWith, "@x");
        check("mail=*nn*", SearchOperator::Contains, "nn");
        check("mail!=*nn*", SearchOperator::NotContains, "nn");
        check("mail=*", SearchOperator::IsPresent, "");
        check("mail!=*", SearchOperator::IsNotPresent, "");
        check("mail=a\\*", SearchOperator::Equals, "a*");
        check("mail=a\\*b*", SearchOperator::StartsWith, "a*b");
        check("mail=a=b", SearchOperator::Equals, "a=b");
        let refused = |text: &str, words: &str| assert!(parse_clause(text).unwrap_err().contains(words), "{text}");
        refused("mail", "attr=value");
        refused("=x", "attribute name");
        refused("mail=", "no value");
        refused("mail!=ann", "!=");
    }
}
