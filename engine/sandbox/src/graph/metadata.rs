//! `$metadata`: the types that are served, as a document clients can read.

use std::fmt::Write;

use super::types::{self, Property};
use crate::server::http::Reply;

/// Navigation properties that are served, with the type they lead to.
const NAVIGATION: &[(&str, &[(&str, &str)])] = &[
    (
        "user",
        &[
            ("directReports", "Collection(graph.directoryObject)"),
            ("manager", "graph.directoryObject"),
            ("memberOf", "Collection(graph.directoryObject)"),
            ("onPremisesSyncBehavior", "graph.onPremisesSyncBehavior"),
            ("transitiveMemberOf", "Collection(graph.directoryObject)"),
        ],
    ),
    (
        "group",
        &[
            ("memberOf", "Collection(graph.directoryObject)"),
            ("members", "Collection(graph.directoryObject)"),
            ("onPremisesSyncBehavior", "graph.onPremisesSyncBehavior"),
            ("owners", "Collection(graph.directoryObject)"),
            ("transitiveMemberOf", "Collection(graph.directoryObject)"),
            ("transitiveMembers", "Collection(graph.directoryObject)"),
        ],
    ),
    (
        "orgContact",
        &[
            ("directReports", "Collection(graph.directoryObject)"),
            ("manager", "graph.directoryObject"),
            ("memberOf", "Collection(graph.directoryObject)"),
            ("onPremisesSyncBehavior", "graph.onPremisesSyncBehavior"),
            ("transitiveMemberOf", "Collection(graph.directoryObject)"),
        ],
    ),
    (
        "device",
        &[
            ("memberOf", "Collection(graph.directoryObject)"),
            ("registeredOwners", "Collection(graph.directoryObject)"),
            ("registeredUsers", "Collection(graph.directoryObject)"),
            ("transitiveMemberOf", "Collection(graph.directoryObject)"),
        ],
    ),
    ("application", &[("extensionProperties", "Collection(graph.extensionProperty)")]),
];

/// What the preview has beside its properties.
const SETTINGS: &str = "<EntityType Name=\"directorySetting\" BaseType=\"graph.entity\">\n\
    <Property Name=\"displayName\" Type=\"Edm.String\"/>\n<Property Name=\"templateId\" Type=\"Edm.String\"/>\n\
    <Property Name=\"values\" Type=\"Collection(graph.settingValue)\"/>\n</EntityType>\n\
    <ComplexType Name=\"settingValue\">\n<Property Name=\"name\" Type=\"Edm.String\"/>\n\
    <Property Name=\"value\" Type=\"Edm.String\"/>\n</ComplexType>\n";

/// The document.
pub(super) fn document(beta: bool) -> Reply {
    Reply::text(200, text(beta)).with_header("Content-Type", "application/xml;charset=utf-8")
}

fn text(beta: bool) -> String {
    let schema = types::all();
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\"><edmx:DataServices>\n\
         <Schema Namespace=\"microsoft.graph\" Alias=\"graph\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">\n\
         <EntityType Name=\"entity\" Abstract=\"true\"><Key><PropertyRef Name=\"id\"/></Key>\
         <Property Name=\"id\" Type=\"Edm.String\" Nullable=\"false\"/></EntityType>\n\
         <EntityType Name=\"directoryObject\" BaseType=\"graph.entity\" OpenType=\"true\">\
         <Property Name=\"deletedDateTime\" Type=\"Edm.DateTimeOffset\"/></EntityType>\n",
    );
    let mut sets = String::new();
    for entity in &schema.entities {
        let in_directory = entity.property("deletedDateTime").is_some();
        let base = if in_directory { "graph.directoryObject\" OpenType=\"true" } else { "graph.entity" };
        push(&mut text, format_args!("<EntityType Name=\"{}\" BaseType=\"{base}\">\n", entity.name));
        let inherited = |property: &&Property| !matches!(property.name, "id" | "deletedDateTime") && (beta || !property.beta);
        properties(&mut text, entity.properties.iter().filter(inherited));
        let links = NAVIGATION.iter().find(|(name, _)| *name == entity.name).map_or(&[][..], |(_, links)| links);
        for (name, of) in links {
            push(&mut text, format_args!("<NavigationProperty Name=\"{name}\" Type=\"{of}\"/>\n"));
        }
        text.push_str("</EntityType>\n");
        push(&mut sets, format_args!("<EntitySet Name=\"{}\" EntityType=\"graph.{}\"/>\n", entity.set, entity.name));
    }
    for (name, own) in schema.complex.iter().filter(|(name, _)| beta || !schema.beta.contains(name)) {
        push(&mut text, format_args!("<ComplexType Name=\"{name}\">\n"));
        properties(&mut text, own.iter());
        text.push_str("</ComplexType>\n");
    }
    for (name, members) in &schema.enumerations {
        push(&mut text, format_args!("<EnumType Name=\"{name}\">\n"));
        for member in members {
            push(&mut text, format_args!("<Member Name=\"{member}\"/>\n"));
        }
        text.push_str("</EnumType>\n");
    }
    if beta {
        text.push_str(SETTINGS);
        sets.push_str("<EntitySet Name=\"settings\" EntityType=\"graph.directorySetting\"/>\n");
    }
    push(&mut text, format_args!("<EntityContainer Name=\"GraphService\">\n{sets}</EntityContainer>\n"));
    text.push_str("</Schema></edmx:DataServices></edmx:Edmx>\n");
    text
}

fn properties<'a>(text: &mut String, properties: impl Iterator<Item = &'a Property>) {
    const PRIMITIVE: [&str; 6] = ["Binary", "Boolean", "DateTimeOffset", "Guid", "Int32", "String"];
    for property in properties {
        let space = if PRIMITIVE.contains(&property.of) { "Edm" } else { "graph" };
        let of = format!("{space}.{}", property.of);
        let of = if property.list { format!("Collection({of})") } else { of };
        let nullable = if property.nullable { "" } else { " Nullable=\"false\"" };
        push(text, format_args!("<Property Name=\"{}\" Type=\"{of}\"{nullable}/>\n", property.name));
    }
}

fn push(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    text.write_fmt(what).ok();
}
