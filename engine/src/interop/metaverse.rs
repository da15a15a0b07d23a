//! The metaverse and the global settings as a real server exports them (`aadconnect-export-format.md` A.3).

use super::connector::{Parameter, check_format};
use super::reading::Reading;
use super::schema::ServerSchema;
use super::xml::Element;

/// Name of the outermost element.
pub(super) const ROOT: &str = "saved-mv-configuration";

/// The metaverse of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerMetaverse {
    /// Name of the server.
    pub server: String,
    /// When it was exported, as written.
    pub export_date: String,
    /// Schema.
    pub schema: ServerSchema,
    /// Global settings in order.
    pub settings: Vec<Parameter>,
    /// The whole element.
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
        Some(Self {
            server: element.attribute("server").unwrap_or_default().to_owned(),
            export_date: element.attribute("export-date").unwrap_or_default().to_owned(),
            schema: data.child("schema").map(|schema| ServerSchema::read(schema, reading)).unwrap_or_default(),
            settings: Parameter::read_all(data),
            element: element.clone(),
        })
    }
}
