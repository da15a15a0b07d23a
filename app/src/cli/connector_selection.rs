//! `syncline connector selection`: the object types and attributes that imports read.

use clap::{Args, Subcommand};
use serde::Serialize;
use syncline_engine::service::{AttributeChoice, ConnectorProperties, ObjectTypeChoice, RuleRefView};
use syncline_engine::setup::ConnectorChange;

use super::exit::Failure;
use super::output::Answer;
use super::session::Session;
use super::table::Table;
use super::text::{View, yes_no};

/// Verbs of `connector selection`.
#[derive(Debug, Subcommand)]
pub enum SelectionCommand {
    /// Show the object types and attributes that are read, and how many rules use each
    Show {
        /// Name or GUID of the connector
        #[arg(value_name = "CONNECTOR")]
        connector: String,
        /// Also those of the schema that are not read
        #[arg(long)]
        all: bool,
    },
    /// Choose object types and attributes
    #[command(after_help = "\
An attribute that an enabled rule uses cannot be left out, and neither can the object types
that the structure of a forest is made of. Objects of a type that is not read any more are
deleted by the next full import.

Example:
  syncline connector selection set contoso.com --attribute employeeType --no-type computer")]
    Set(SelectionArgs),
}

/// Arguments of `connector selection set`.
#[derive(Args, Debug)]
pub struct SelectionArgs {
    /// Name or GUID of the connector
    #[arg(value_name = "CONNECTOR")]
    pub connector: String,
    /// What is chosen
    #[command(flatten)]
    pub choice: SelectionChoice,
}

/// What is chosen.
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
pub struct SelectionChoice {
    /// Object type to be read; may be repeated
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// Object type not to be read any more; may be repeated
    #[arg(long = "no-type", value_name = "TYPE")]
    pub no_types: Vec<String>,
    /// Attribute to be read; may be repeated
    #[arg(long = "attribute", value_name = "ATTRIBUTE")]
    pub attributes: Vec<String>,
    /// Attribute not to be read any more; may be repeated
    #[arg(long = "no-attribute", value_name = "ATTRIBUTE")]
    pub no_attributes: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Selection {
    connector: String,
    object_types: Vec<ObjectTypeChoice>,
    attributes: Vec<AttributeChoice>,
}

impl SelectionCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Show { .. } => "connector selection show",
            Self::Set(_) => "connector selection set",
        }
    }

    /// Answers it.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        match self {
            Self::Show { connector, all } => {
                let properties = session.query(|engine| Ok(engine.connector_properties(connector)?))?;
                answer(properties, *all, &session.output.view)
            }
            Self::Set(arguments) => {
                let SelectionArgs { connector, choice } = arguments;
                let (properties, report) = session.operate(|engine| {
                    let before = engine.connector_properties(connector)?;
                    let report = engine.change_connector(connector, &choice.change(&before))?;
                    Ok((engine.connector_properties(connector)?, report))
                })?;
                let hint = match (report.full_import, report.full_synchronization) {
                    (false, _) => "Nothing is different.\n",
                    (true, false) => "Now run Full Import, then Delta Synchronization.\n",
                    (true, true) => "Now run Full Import, then Full Synchronization.\n",
                };
                Ok(answer(properties, false, &session.output.view)?.hint(hint))
            }
        }
    }
}

impl SelectionChoice {
    fn change(&self, before: &ConnectorProperties) -> ConnectorChange {
        let types = before.object_types.iter().filter(|choice| choice.selected).map(|choice| choice.name.clone());
        let attributes = before.attributes.iter().filter(|choice| choice.selected).map(|choice| choice.name.clone());
        let chosen = |present: Vec<String>, come: &[String], go: &[String]| {
            let stays = |name: &String| !go.iter().any(|gone| gone.eq_ignore_ascii_case(name));
            let differs = !come.is_empty() || !go.is_empty();
            differs.then(|| present.into_iter().filter(stays).chain(come.iter().cloned()).collect::<Vec<_>>())
        };
        ConnectorChange {
            as_of: Some(before.version),
            object_types: chosen(types.collect(), &self.types, &self.no_types),
            attributes: chosen(attributes.collect(), &self.attributes, &self.no_attributes),
            ..ConnectorChange::default()
        }
    }
}

fn answer(mut properties: ConnectorProperties, all: bool, view: &View) -> Result<Answer, Failure> {
    properties.object_types.retain(|choice| all || choice.selected);
    properties.attributes.retain(|choice| all || choice.selected);
    let used = |rules: &[RuleRefView]| rules.len().to_string();
    let mut types = Table::new().texts(["Object type", "Read"]).numbers(["Rules"]);
    for choice in &properties.object_types {
        types.row([choice.name.as_str(), yes_no(choice.selected), &used(&choice.rules)]);
    }
    let mut attributes = Table::new().texts(["Attribute", "Type", "Multi-valued", "Read"]).numbers(["Rules"]);
    for choice in &properties.attributes {
        let (several, read) = (yes_no(choice.multi_valued), yes_no(choice.selected));
        attributes.row([choice.name.as_str(), choice.value_type.word(), several, read, &used(&choice.rules)]);
    }
    let text = format!("{}\n{}", types.render(view.width), attributes.render(view.width));
    let ConnectorProperties { name, object_types, attributes, .. } = properties;
    Answer::new(&Selection { connector: name, object_types, attributes }, text)
}
