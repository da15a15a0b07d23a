//! The state of a world as lines that can be compared with those of another: links, metaverse values with their
//! lineage, staged exports. GUIDs, numbers and times are left out.

use std::collections::{BTreeMap, BTreeSet};

use super::model::Errors;
use super::world::{ScenarioError, World};
use crate::model::{AttributeTable, ConnectorId, CsId, Image, MvId, ObjectOperation, Value};
use crate::store::connector_space::{self, CsObject, LoadOptions, NORMAL, TowerView};
use crate::store::{Database, StoreError, attributes, configuration, metaverse, search};

/// Values written out of one attribute.
const MOST_VALUES: usize = 50;

/// One line for each connector space object, then one for each metaverse object.
pub(super) fn outcome(world: &World) -> Result<Vec<String>, ScenarioError> {
    outcome_with(world, Errors::ByObject)
}

/// The same, with errors on objects or on identities.
pub(super) fn outcome_with(world: &World, errors: Errors) -> Result<Vec<String>, ScenarioError> {
    let connectors = world.sites.iter().map(|(name, site)| (site.id, name.clone())).collect();
    Ok(lines(&world.database, &connectors, errors)?)
}

/// The lines of a database, with the names of its connectors.
pub(super) fn lines(
    database: &Database,
    connectors: &BTreeMap<ConnectorId, String>,
    errors: Errors,
) -> Result<Vec<String>, StoreError> {
    let reader = database.reader()?;
    let (attributes, rules) = (attributes::load(&reader)?, configuration::rules(&reader)?);
    let mut objects: Vec<CsObject> = Vec::new();
    for connector in connectors.keys() {
        let ids = search::connector_space::ids(&reader, *connector, &search::connector_space::CsCriterion::All, "")?;
        objects.extend(connector_space::load(&reader, &ids, &LoadOptions::default())?);
    }
    let names: BTreeMap<CsId, String> = objects.iter().map(|object| (object.id, name(connectors, object))).collect();
    let mut joined: BTreeMap<MvId, Vec<&str>> = BTreeMap::new();
    for object in &objects {
        if let (Some(mv), Some(name)) = (object.mv, names.get(&object.id)) {
            joined.entry(mv).or_default().push(name);
        }
    }
    joined.values_mut().for_each(|names| names.sort_unstable());
    let identity = |id: MvId| joined.get(&id).map_or_else(|| "nobody".to_owned(), |names| format!("MV({})", names.join(" ")));
    // Placeholders come and go with what needs a name, and with the next import.
    let mut lines: Vec<String> = objects
        .iter()
        .filter(|object| !object.is_placeholder())
        .map(|object| {
            let mut line = names.get(&object.id).cloned().unwrap_or_default();
            line.push_str(if object.connector_state == NORMAL { ": " } else { ": explicit " });
            match object.mv {
                None => line.push_str("disconnector"),
                Some(mv) => line.push_str(&format!("connector of {}", identity(mv))),
            }
            for (layer, delta) in [("import", &object.pending_import), ("export", &object.unapplied)] {
                if delta.operation != ObjectOperation::None {
                    line.push_str(&format!(", pending {layer} {}", delta.operation.word()));
                }
            }
            if !object.unconfirmed.is_none() {
                line.push_str(&format!(", unconfirmed export {}", object.unconfirmed.operation.word()));
            }
            for (side, error) in [("import", &object.import_error), ("export", &object.export_error)] {
                if errors == Errors::ByIdentity && side == "import" && object.mv.is_some() {
                    continue;
                }
                if let Some(error) = error {
                    line.push_str(&format!(", {side} error {}", error.error.code));
                }
            }
            let target = |id: i64| names.get(&CsId(id)).cloned().unwrap_or_default();
            line.push_str(&values(&attributes, &object.view(TowerView::Expected), &target));
            line
        })
        .collect();
    for object in metaverse::load(&reader, &metaverse::all_ids(&reader)?)? {
        let mut line = format!("{}: {}", identity(object.id), object.object_type);
        line.push_str(&values(&attributes, &object.image, &|id| identity(MvId(id))));
        let lineage = object.lineage.iter().map(|(attribute, contribution)| {
            let rule = rules.iter().find(|rule| rule.id == contribution.rule).map_or(0, |rule| rule.precedence);
            let from = names.get(&contribution.object).map_or("", String::as_str);
            format!("{} by {rule} from {from}", attributes.name(*attribute))
        });
        let mut lineage: Vec<String> = lineage.collect();
        lineage.sort_unstable();
        line.push_str(&format!("; {}", lineage.join(", ")));
        if errors == Errors::ByIdentity {
            let of = objects.iter().filter(|known| known.mv == Some(object.id));
            let codes: BTreeSet<&str> = of.filter_map(|known| Some(known.import_error.as_ref()?.error.code.as_str())).collect();
            codes.iter().for_each(|code| line.push_str(&format!(", import error {code}")));
        }
        lines.push(line);
    }
    lines.sort_unstable();
    Ok(lines)
}

fn name(connectors: &BTreeMap<ConnectorId, String>, object: &CsObject) -> String {
    format!("{} \"{}\"", connectors.get(&object.connector).map_or("", String::as_str), object.dn)
}

fn values(attributes: &AttributeTable, image: &Image, target: &dyn Fn(i64) -> String) -> String {
    let mut texts: Vec<String> = image
        .iter()
        .map(|(attribute, values)| {
            let mut texts: Vec<String> = values
                .iter()
                .map(|value| match value {
                    Value::Reference(id) => target(*id),
                    other => other.display(),
                })
                .collect();
            texts.sort_unstable();
            if texts.len() > MOST_VALUES {
                texts =
                    vec![format!("{} values, hash {:x}", texts.len(), xxhash_rust::xxh3::xxh3_64(texts.join("|").as_bytes()))];
            }
            format!(" {}={}", attributes.name(attribute), texts.join("|"))
        })
        .collect();
    texts.sort_unstable();
    texts.concat()
}
