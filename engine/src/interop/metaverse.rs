//! The metaverse and the global settings as a real server exports them (`aadconnect-export-format.md` A.3).

use super::connector::{Parameter, check_format};
use super::reading::Reading;
use super::schema::ServerSchema;
use super::settings::is_known;
use super::xml::{Element, Node};

/// Name of the outermost element.
pub(super) const ROOT: &str = "saved-mv-configuration";

/// Elements of a metaverse, in either layout.
const CHILDREN: [&str; 11] = [
    "format-version",
    "version",
    "schema",
    "password-change-history-size",
    "password-sync",
    "parameter-values",
    "import-attribute-flow",
    "provisioning",
    "mv-deletion",
    "extension",
    "per-ma-options",
];

/// The metaverse of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerMetaverse {
    /// Name of the server.
    pub server: String,
    /// Schema.
    pub schema: ServerSchema,
    /// Global settings in order.
    pub settings: Vec<Parameter>,
    /// The element `mv-data`.
    pub element: Element,
}

impl ServerMetaverse {
    /// Value of a global setting; its name is given without the prefix `Microsoft.`.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        let known = self.settings.iter().find(|setting| {
            setting.name.get(..10).is_some_and(|prefix| prefix.eq_ignore_ascii_case("Microsoft."))
                && setting.name.get(10..).is_some_and(|rest| rest.eq_ignore_ascii_case(name))
        })?;
        Some(known.value.trim()).filter(|value| !value.is_empty())
    }

    /// Reads a metaverse; what is wrong with it is noted.
    pub(super) fn read(element: &Element, reading: &mut Reading) -> Option<Self> {
        let Some(data) = element.child("mv-data") else {
            reading.fault(ROOT, "it has no mv-data; export the configuration again");
            return None;
        };
        check_format(data, reading);
        reading.unknown(data, &CHILDREN);
        let settings = Parameter::read_all(data);
        for setting in settings.iter().filter(|setting| !is_known(&setting.name)) {
            reading.warn("parameter", format!("setting \"{}\" is not known; it is kept and has no effect", setting.name));
        }
        Some(Self {
            server: element.attribute("server").unwrap_or_default().to_owned(),
            schema: data.child("schema").map(|schema| ServerSchema::read(schema, reading)).unwrap_or_default(),
            settings,
            element: data.clone(),
        })
    }
}

/// The outermost element around the metaverse of a server.
pub(super) fn envelope(server: &str, export_date: Option<&str>, data: Element) -> Element {
    let mut root = Element::new(ROOT).with_attribute("server", server);
    if let Some(date) = export_date {
        root = root.with_attribute("export-date", date);
    }
    root.children.push(Node::Comment(WARNING.to_owned()));
    root.with(data)
}

/// What the file says to those who open it.
const WARNING: &str = "WARNING>\n  This file was written by a program for programs.\n  A change made by hand can keep it from being read.\n</WARNING";
