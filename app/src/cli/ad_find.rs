//! `syncline ad find`: is an object in the forest, and what does it look like there.

use clap::Args;
use syncline_engine::service::{FindOptions, FoundObject, Wanted};

use super::exit::{Exit, Failure};
use super::output::Answer;
use super::session::Session;
use super::table::Table;
use super::text::{View, safe};

/// What is looked for.
#[derive(Args, Debug)]
pub struct FindArgs {
    /// Name or GUID of the connector
    #[arg(value_name = "CONNECTOR")]
    connector: String,
    /// DN, GUID, security identifier, immutable ID, account name, user principal name, mail address or display name;
    /// * stands for anything
    #[arg(value_name = "IDENTITY", required_unless_present = "filter")]
    identity: Option<String>,
    /// LDAP filter instead
    #[arg(long, value_name = "FILTER", conflicts_with = "identity")]
    filter: Option<String>,
    /// Look below this container only
    #[arg(long, value_name = "DN")]
    below: Option<String>,
    /// Attribute to show [default: all for one object, none in a list]
    #[arg(long = "attribute", value_name = "NAME")]
    attributes: Vec<String>,
    /// Deleted objects too
    #[arg(long)]
    deleted: bool,
    /// Objects at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

impl FindArgs {
    /// Answers it.
    ///
    /// # Errors
    /// [`Failure`] when the connector is no forest, the forest cannot be reached, or nothing is found.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let wanted = match (&self.identity, &self.filter) {
            (Some(identity), _) => Wanted::Identity(identity.clone()),
            (None, filter) => Wanted::Filter(filter.clone().unwrap_or_default()),
        };
        let options = FindOptions {
            wanted,
            below: self.below.clone(),
            attributes: self.attributes.clone(),
            deleted: self.deleted,
            limit: self.limit,
        };
        let found = session.query(|engine| Ok(engine.find_objects(&self.connector, &options)?))?;
        let warnings: Vec<String> = found.warnings.iter().map(|warning| safe(warning)).collect();
        if found.objects.is_empty() {
            let what = self.identity.as_ref().or(self.filter.as_ref()).map_or("", String::as_str);
            let message = format!("the forest shows no object {what} to its account; --deleted looks among deleted objects too");
            return Err(Failure::new(Exit::NotFound, message).warnings(warnings));
        }
        let text = text(&found.objects, &self.attributes, &session.output.view);
        let full = found.objects.len() >= self.limit;
        let answer = Answer::new(&found.objects, text)?.warnings(warnings);
        Ok(if full { answer.hint(format!("There may be more than {}; --limit shows more.", self.limit)) } else { answer })
    }
}

/// One object with all its values, or a list.
fn text(objects: &[FoundObject], attributes: &[String], view: &View) -> String {
    if let [object] = objects {
        let mut table = Table::new().texts(["Attribute", "Value"]);
        table.row(["DN", &object.dn]);
        for (name, values) in &object.attributes {
            for (place, value) in values.iter().enumerate() {
                table.row([if place == 0 { name.as_str() } else { "" }, value]);
            }
        }
        return table.render(view.width);
    }
    if attributes.is_empty() {
        let mut table = Table::new().texts(["DN", "Class", "GUID", "Deleted"]);
        for object in objects {
            let guid = object.object_guid.map(|guid| guid.to_string()).unwrap_or_default();
            table.row([object.dn.as_str(), &object.object_class, &guid, if object.deleted { "yes" } else { "" }]);
        }
        return table.render(view.width);
    }
    let mut table = Table::new().texts(["DN", "Attribute", "Value"]);
    for object in objects {
        for (name, values) in &object.attributes {
            for value in values {
                table.row([&object.dn, name, value]);
            }
        }
    }
    table.render(view.width)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn one_object_is_shown_whole_and_several_as_a_list() {
        let object = |name: &str| FoundObject {
            dn: format!("CN={name},DC=x"),
            partition: "DC=x".into(),
            object_class: "user".into(),
            object_guid: None,
            deleted: name == "b",
            attributes: BTreeMap::from([("mail".to_owned(), vec![format!("{name}@x"), "two".to_owned()])]),
        };
        let check = |objects: &[FoundObject], attributes: &[String], expected: &[&str]| {
            let text = text(objects, attributes, &View { width: None, zone: jiff::tz::TimeZone::UTC });
            let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(text.lines().skip(1).map(words).collect::<Vec<_>>(), expected);
        };
        check(&[object("a")], &[], &["DN CN=a,DC=x", "mail a@x", "two"]);
        check(&[object("a"), object("b")], &[], &["CN=a,DC=x user", "CN=b,DC=x user yes"]);
        let mail = ["mail".to_owned()];
        let lines = ["CN=a,DC=x mail a@x", "CN=a,DC=x mail two", "CN=b,DC=x mail b@x", "CN=b,DC=x mail two"];
        check(&[object("a"), object("b")], &mail, &lines);
    }
}
