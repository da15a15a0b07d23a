//! `syncline cs validate`: what is staged for an object, held against its connector's schema.

use syncline_engine::model::ObjectOperation;
use syncline_engine::service::SchemaValidationView;

use super::cs::{ShowArgs, find};
use super::exit::{Exit, Failure};
use super::output::Answer;
use super::session::Session;
use super::table::{Pairs, Table};
use super::text::{View, count};

/// Answers `cs validate`.
pub fn run(session: &Session, object: &ShowArgs) -> Result<Answer, Failure> {
    let view = session.query(|engine| Ok(engine.validate_object(find(engine, object)?.guid)?))?;
    let text = text(&view, &session.output.view);
    if view.faults.is_empty() {
        return Answer::new(&view, text);
    }
    let faults = count(view.faults.len() as u64, "fault");
    let message = format!("what is staged for {} does not fit the schema of \"{}\": {faults}", view.dn, view.connector);
    Err(Failure::new(Exit::Invalid, message).detail(super::json::data(&view)?).text(text))
}

fn text(view: &SchemaValidationView, shown: &View) -> String {
    let mut text = Pairs::default()
        .add("Distinguished name", &view.dn)
        .add("Connector", &view.connector)
        .add("Type", &view.object_type)
        .add("Pending export", view.pending.word())
        .add("Attributes", view.attributes.to_string())
        .render();
    let mut table = Table::new().texts(["Attribute", "Fault"]);
    for fault in &view.faults {
        table.row([fault.attribute.as_str(), &fault.message]);
    }
    if !table.is_empty() {
        text.push('\n');
        text.push_str(&table.render(shown.width));
    } else if matches!(view.pending, ObjectOperation::None | ObjectOperation::Delete) {
        text.push_str("\nNo attribute is pending for export, so there is nothing to validate.\n");
    } else {
        text.push_str("\nEverything fits the schema.\n");
    }
    text
}
