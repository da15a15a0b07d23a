//! The export of a real server, taken over and written again.

mod comparison;
mod connector_file;
mod sample;
mod takeover;

use std::path::PathBuf;

use super::xml::{Element, Node};

/// The exported configuration that the specification describes.
fn pilot() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/aadconnect-export/contoso-pilot"))
}

/// Exports of single connectors of an older engine.
fn single_exports() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/aadconnect-export/connector-exports"))
}

/// A document in one spelling: attributes sorted, comments left out.
fn canonical(element: &Element) -> Element {
    let mut attributes = element.attributes.clone();
    attributes.sort();
    let children = element
        .children
        .iter()
        .filter_map(|node| match node {
            Node::Element(inner) => Some(Node::Element(canonical(inner))),
            Node::Text(text) => Some(Node::Text(text.clone())),
            Node::Comment(_) => None,
        })
        .collect();
    Element { name: element.name.clone(), attributes, children }
}
