//! `syncline mv schema`: object types and attributes of the metaverse.

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use syncline_engine::model::{AttributeDefinition, ValueType};
use syncline_engine::service::{MvSchemaAttributeView, MvTypeView, SchemaChangeView, SchemaUseView};
use syncline_engine::setup::SchemaChange;

use super::exit::{Exit, Failure};
use super::output::Answer;
use super::session::Session;
use super::table::{Pairs, Table};
use super::text::{View, count, yes_no};

/// Verbs of `mv schema`.
#[derive(Debug, Subcommand)]
pub enum SchemaCommand {
    /// List the object types, or the attributes of one
    #[command(after_help = "\
Examples:
  syncline mv schema list
  syncline mv schema list person")]
    List {
        /// Object type, such as person
        #[arg(value_name = "TYPE")]
        object_type: Option<String>,
    },
    /// Show an attribute: import flows in order of precedence, and every rule that uses it
    #[command(after_help = "\
Example:
  syncline mv schema show person displayName")]
    Show(Place),
    /// Add an object type
    AddType {
        /// Its name
        #[arg(value_name = "TYPE")]
        name: String,
        /// Attribute of the schema that it may carry; may be repeated
        #[arg(long = "attribute", value_name = "ATTRIBUTE")]
        attributes: Vec<String>,
        /// Tell what would happen and store nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Remove an object type that no rule and no object uses
    DeleteType {
        /// Its name
        #[arg(value_name = "TYPE")]
        name: String,
        /// Tell what would happen and store nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Add an attribute to an object type
    #[command(after_help = "\
An attribute that the schema has already is added as it is; --type, --multi and --indexed are for new ones.

Examples:
  syncline mv schema add-attribute person costCentre --type string --indexed
  syncline mv schema add-attribute device mail")]
    AddAttribute(AddAttribute),
    /// Change an attribute; once it has values only whether it is indexed
    EditAttribute(EditAttribute),
    /// Take an attribute that no rule uses from an object type
    RemoveAttribute {
        /// Where it is
        #[command(flatten)]
        place: Place,
        /// Tell what would happen and store nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// An attribute of an object type.
#[derive(Args, Debug)]
pub struct Place {
    /// Object type, such as person
    #[arg(value_name = "TYPE")]
    pub object_type: String,
    /// Attribute
    #[arg(value_name = "ATTRIBUTE")]
    pub attribute: String,
}

/// Arguments of `mv schema add-attribute`.
#[derive(Args, Debug)]
pub struct AddAttribute {
    /// Where it goes
    #[command(flatten)]
    pub place: Place,
    /// Type of its values
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    pub value_type: Option<Kind>,
    /// It may hold several values
    #[arg(long, requires = "value_type")]
    pub multi: bool,
    /// It is searched and joined by; its texts have at most 448 characters
    #[arg(long, requires = "value_type")]
    pub indexed: bool,
    /// Tell what would happen and store nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `mv schema edit-attribute`.
#[derive(Args, Debug)]
pub struct EditAttribute {
    /// Attribute
    #[arg(value_name = "ATTRIBUTE")]
    pub attribute: String,
    /// Whether it is indexed: yes or no
    #[arg(long, value_name = "YES|NO", value_parser = parse_yes_no)]
    pub indexed: Option<bool>,
    /// Type of its values
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    pub value_type: Option<Kind>,
    /// Whether it may hold several values: yes or no
    #[arg(long, value_name = "YES|NO", value_parser = parse_yes_no)]
    pub multi: Option<bool>,
    /// Tell what would happen and store nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Types of values, as they are typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Text
    String,
    /// Bytes
    Binary,
    /// Whole number
    Integer,
    /// True or false
    Boolean,
    /// Another object
    Reference,
}

impl From<Kind> for ValueType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::String => Self::String,
            Kind::Binary => Self::Binary,
            Kind::Integer => Self::Integer,
            Kind::Boolean => Self::Boolean,
            Kind::Reference => Self::Reference,
        }
    }
}

fn parse_yes_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("write yes or no".to_owned()),
    }
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Listed {
    Types(Vec<MvTypeView>),
    Type(Box<MvTypeView>),
}

impl SchemaCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::List { .. } => "mv schema list",
            Self::Show(_) => "mv schema show",
            Self::AddType { .. } => "mv schema add-type",
            Self::DeleteType { .. } => "mv schema delete-type",
            Self::AddAttribute(_) => "mv schema add-attribute",
            Self::EditAttribute(_) => "mv schema edit-attribute",
            Self::RemoveAttribute { .. } => "mv schema remove-attribute",
        }
    }

    /// Answers it.
    ///
    /// # Errors
    /// [`Failure`] when there is no such type or attribute, or the change is refused.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let view = &session.output.view;
        match self {
            Self::List { object_type: None } => {
                let types = session.query(|engine| Ok(engine.metaverse_schema()?))?;
                let text = type_table(&types, view);
                Answer::new(&Listed::Types(types), text)
            }
            Self::List { object_type: Some(name) } => {
                let kind = object_type(session, name)?;
                let hint = format!("{}.\n", count(kind.attributes.len() as u64, "attribute"));
                let text = attribute_table(&kind, view);
                Ok(Answer::new(&Listed::Type(Box::new(kind)), text)?.hint(hint))
            }
            Self::Show(place) => {
                let kind = object_type(session, &place.object_type)?;
                let found = kind.attributes.iter().find(|known| known.name.eq_ignore_ascii_case(&place.attribute));
                let attribute = found.ok_or_else(|| {
                    Failure::new(Exit::NotFound, format!("{} has no attribute \"{}\"", kind.name, place.attribute))
                })?;
                Answer::new(attribute, attribute_text(&kind.name, attribute, view))
            }
            Self::AddType { name, attributes, dry_run } => {
                let change = SchemaChange::CreateType { name: name.clone(), attributes: attributes.clone() };
                make(session, &change, *dry_run)
            }
            Self::DeleteType { name, dry_run } => make(session, &SchemaChange::DeleteType { name: name.clone() }, *dry_run),
            Self::AddAttribute(arguments) => make(session, &addition(arguments), arguments.dry_run),
            Self::EditAttribute(arguments) => {
                let types = session.query(|engine| Ok(engine.metaverse_schema()?))?;
                make(session, &edit(&types, arguments)?, arguments.dry_run)
            }
            Self::RemoveAttribute { place, dry_run } => {
                let (object_type, attribute) = (place.object_type.clone(), place.attribute.clone());
                make(session, &SchemaChange::RemoveAttribute { object_type, attribute }, *dry_run)
            }
        }
    }
}

fn object_type(session: &Session, name: &str) -> Result<MvTypeView, Failure> {
    let types = session.query(|engine| Ok(engine.metaverse_schema()?))?;
    let known: Vec<String> = types.iter().map(|kind| kind.name.clone()).collect();
    types.into_iter().find(|kind| kind.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
        Failure::new(Exit::NotFound, format!("the metaverse has no object type \"{name}\"; its types: {}", known.join(", ")))
    })
}

fn addition(arguments: &AddAttribute) -> SchemaChange {
    let (object_type, name) = (arguments.place.object_type.clone(), arguments.place.attribute.clone());
    match arguments.value_type {
        None => SchemaChange::AllowAttributes { object_type, attributes: vec![name] },
        Some(kind) => {
            let (multi_valued, indexed) = (arguments.multi, arguments.indexed);
            let definition = AttributeDefinition { name, value_type: kind.into(), multi_valued, indexed };
            SchemaChange::AddAttribute { object_type, definition }
        }
    }
}

fn edit(types: &[MvTypeView], arguments: &EditAttribute) -> Result<SchemaChange, Failure> {
    let mut all = types.iter().flat_map(|kind| &kind.attributes);
    let known = all.find(|known| known.name.eq_ignore_ascii_case(&arguments.attribute)).ok_or_else(|| {
        Failure::new(Exit::NotFound, format!("no object type of the metaverse has an attribute \"{}\"", arguments.attribute))
    })?;
    Ok(SchemaChange::EditAttribute(AttributeDefinition {
        name: known.name.clone(),
        value_type: arguments.value_type.map_or(known.value_type, ValueType::from),
        multi_valued: arguments.multi.unwrap_or(known.multi_valued),
        indexed: arguments.indexed.unwrap_or(known.indexed),
    }))
}

fn make(session: &Session, change: &SchemaChange, dry_run: bool) -> Result<Answer, Failure> {
    let view: SchemaChangeView = if dry_run {
        session.query(|engine| Ok(engine.judge_metaverse_schema(change)?))?
    } else {
        session.operate(|engine| Ok(engine.change_metaverse_schema(change)?))?
    };
    let text = format!("{}\n", super::text::safe(&view.told));
    let hint = if dry_run { "Nothing was stored. The same without --dry-run stores it.\n" } else { "" };
    Ok(Answer::new(&view, text)?.hint(hint.to_owned()))
}

fn type_table(types: &[MvTypeView], view: &View) -> String {
    let mut table = Table::new().texts(["Object type"]).numbers(["Attributes", "Objects", "Rules"]);
    for kind in types {
        let numbers = [kind.attributes.len() as u64, kind.objects, kind.rules.len() as u64].map(|number| number.to_string());
        table.row(std::iter::once(&kind.name).chain(&numbers));
    }
    table.render(view.width)
}

fn attribute_table(kind: &MvTypeView, view: &View) -> String {
    let mut table = Table::new()
        .texts(["Attribute", "Type", "Multi-valued", "Indexed"])
        .numbers(["Import flows", "Export flows"])
        .texts(["First rule"]);
    for attribute in &kind.attributes {
        let first = attribute.import_flows.iter().find(|flow| flow.enabled).map_or("", |flow| flow.rule.as_str());
        table.row([
            attribute.name.as_str(),
            attribute.value_type.word(),
            yes_no(attribute.multi_valued),
            yes_no(attribute.indexed),
            &attribute.import_flows.len().to_string(),
            &attribute.export_flows.to_string(),
            first,
        ]);
    }
    table.render(view.width)
}

fn attribute_text(object_type: &str, attribute: &MvSchemaAttributeView, view: &View) -> String {
    let mut text = Pairs::default()
        .add("Attribute", &attribute.name)
        .add("Object type", object_type)
        .add("Type", attribute.value_type.word())
        .add("Multi-valued", yes_no(attribute.multi_valued))
        .add("Indexed", yes_no(attribute.indexed))
        .render();
    text.push_str("\nImport flows, the first one with a value wins\n");
    let mut table = Table::new().numbers(["Rank", "Precedence"]).texts(["Rule", "Connector", "Kind", "Source", "Enabled"]);
    for (rank, flow) in (1..).zip(&attribute.import_flows) {
        let numbers: [String; 2] = [i64::to_string(&rank), flow.precedence.to_string()];
        let [rank, precedence] = &numbers;
        table.row([rank, precedence, flow.rule.as_str(), &flow.connector, &flow.flow_type, &flow.source, yes_no(flow.enabled)]);
    }
    text.push_str(&if table.is_empty() { "  none\n".to_owned() } else { table.render(view.width) });
    text.push_str("\nUsed by\n");
    text.push_str(&users(&attribute.uses, view));
    text
}

fn users(uses: &[SchemaUseView], view: &View) -> String {
    let mut table = Table::new().numbers(["Precedence"]).texts(["Rule", "Connector", "Direction", "Where"]);
    for used in uses {
        let (precedence, places) = (used.precedence.to_string(), used.places.join(", "));
        table.row([precedence.as_str(), &used.rule, &used.connector, used.direction.label(), &places]);
    }
    if table.is_empty() { "  no rule\n".to_owned() } else { table.render(view.width) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_keeps_what_it_does_not_name() {
        let attribute = MvSchemaAttributeView {
            name: "motto".into(),
            value_type: ValueType::String,
            multi_valued: true,
            indexed: false,
            import_flows: Vec::new(),
            export_flows: 0,
            uses: Vec::new(),
        };
        let types = [MvTypeView { name: "person".into(), objects: 0, attributes: vec![attribute], rules: Vec::new() }];
        let wanted =
            |indexed, value_type, multi| EditAttribute { attribute: "MOTTO".into(), indexed, value_type, multi, dry_run: false };
        let check = |arguments: &EditAttribute, expected: (ValueType, bool, bool)| {
            let SchemaChange::EditAttribute(found) = edit(&types, arguments).unwrap() else { panic!("not an edit") };
            assert_eq!((found.value_type, found.multi_valued, found.indexed), expected);
            assert_eq!(found.name, "motto");
        };
        check(&wanted(Some(true), None, None), (ValueType::String, true, true));
        check(&wanted(None, Some(Kind::Integer), Some(false)), (ValueType::Integer, false, false));
        let unknown = EditAttribute { attribute: "slogan".into(), ..wanted(None, None, None) };
        assert_eq!(edit(&types, &unknown).unwrap_err().exit, Exit::NotFound);
    }
}
