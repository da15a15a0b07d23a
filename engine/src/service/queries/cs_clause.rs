//! Conditions on the attributes of connector space objects (`ui.md` 5).

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::QueryContext;
use super::metaverse::all_texts;
use super::values::possible_bytes;
use crate::model::{AttributeId, CsId, Image, Value, ValueType, fold_text};
use crate::service::{CsConditions, EngineError, SearchClause, SearchOperator};
use crate::store::configuration::ConnectorRecord;
use crate::store::connector_space::{CsObject, LoadOptions, TowerView, load};

/// Objects looked at at a time.
const BATCH: usize = 1_000;

/// A condition, checked against the connector's schema.
struct Clause {
    /// Absent when no object has ever had the attribute.
    attribute: Option<AttributeId>,
    operator: SearchOperator,
    text: String,
    bytes: Vec<Vec<u8>>,
}

impl Clause {
    fn read(context: &QueryContext, connector: &ConnectorRecord, clause: &SearchClause) -> Result<Self, EngineError> {
        let name = clause.attribute.trim();
        let definition = connector.schema.attribute(name).ok_or_else(|| {
            EngineError::Invalid(format!(
                "connector \"{}\" has no attribute \"{name}\"; its Properties list those there are",
                connector.name
            ))
        })?;
        if definition.value_type == ValueType::Reference {
            return Err(EngineError::Invalid(format!(
                "attribute \"{}\" refers to other objects; conditions are for texts, numbers, truth values and bytes",
                definition.name
            )));
        }
        Ok(Self {
            attribute: context.attributes.get(&definition.name),
            operator: clause.operator,
            text: fold_text(clause.value.trim()),
            bytes: possible_bytes(&clause.value),
        })
    }

    fn holds(&self, image: &Image) -> bool {
        let values = self.attribute.map(|attribute| image.get(attribute)).unwrap_or_default();
        let any = |test: &dyn Fn(&str) -> bool| values.iter().any(|value| test(&fold_text(&value.display())));
        match self.operator {
            SearchOperator::IsPresent => !values.is_empty(),
            SearchOperator::IsNotPresent => values.is_empty(),
            SearchOperator::Equals => values.iter().any(|value| match value {
                Value::Binary(bytes) => self.bytes.iter().any(|wanted| wanted.as_slice() == &**bytes),
                value => fold_text(&value.display()) == self.text,
            }),
            SearchOperator::StartsWith => any(&|text| text.starts_with(&self.text)),
            SearchOperator::EndsWith => any(&|text| text.ends_with(&self.text)),
            SearchOperator::Contains => any(&|text| text.contains(&self.text)),
            SearchOperator::NotContains => !any(&|text| text.contains(&self.text)),
        }
    }
}

/// Those of some objects for which the conditions hold, in the same order. What counts is what was imported; of an object
/// that never was, what it will be.
pub(super) fn meeting(
    connection: &Connection,
    context: &QueryContext,
    connector: &ConnectorRecord,
    ids: Vec<CsId>,
    conditions: &CsConditions,
) -> Result<Vec<CsId>, EngineError> {
    if conditions.clauses.is_empty() {
        return Ok(ids);
    }
    let clauses: Vec<Clause> =
        conditions.clauses.iter().map(|clause| Clause::read(context, connector, clause)).collect::<Result<_, _>>()?;
    let options = LoadOptions { without_references: true, ..LoadOptions::default() };
    let mut found = std::collections::HashSet::new();
    for batch in ids.chunks(BATCH) {
        for object in load(connection, batch, &options)? {
            let image = image(&object);
            let holds = |clause: &Clause| clause.holds(&image);
            if if conditions.any { clauses.iter().any(holds) } else { clauses.iter().all(holds) } {
                found.insert(object.id);
            }
        }
    }
    Ok(ids.into_iter().filter(|id| found.contains(id)).collect())
}

/// Attributes of some objects as text, by the names asked for; what counts is what counts for conditions.
pub(super) fn texts(
    connection: &Connection,
    context: &QueryContext,
    ids: &[CsId],
    columns: &[String],
) -> Result<BTreeMap<CsId, BTreeMap<String, String>>, EngineError> {
    let options = LoadOptions { without_references: true, ..LoadOptions::default() };
    let shown = |object: CsObject| {
        let image = image(&object);
        let texts = columns.iter().filter_map(|name| Some((name.clone(), all_texts(context, &image, name)?)));
        (object.id, texts.collect())
    };
    Ok(load(connection, ids, &options)?.into_iter().map(shown).collect())
}

fn image(object: &CsObject) -> Image {
    let imported = object.view(TowerView::Imported);
    if imported.is_empty() { object.view(TowerView::Expected) } else { imported }
}
