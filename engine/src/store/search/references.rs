//! References of connector space objects, told one by one.

use rusqlite::Connection;

use crate::model::{AttributeId, CsId};
use crate::store::StoreError;
use crate::store::references::ReferenceLayer;
use crate::store::sql::integers;

/// The layers in which one reference stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReferenceLayers(u16);

impl ReferenceLayers {
    /// True when the target is among the values after all layers up to and including `top`.
    #[must_use]
    pub fn holds_up_to(self, top: ReferenceLayer) -> bool {
        ReferenceLayer::ALL
            .into_iter()
            .take_while(|layer| *layer <= top)
            .filter(|layer| self.0 & (1 << layer.code()) != 0)
            .last()
            .is_some_and(|layer| !layer.is_delete())
    }

    pub(in crate::store) fn add(&mut self, code: i64) -> Result<(), StoreError> {
        let layer = ReferenceLayer::from_code(code).ok_or_else(|| StoreError::damaged("a reference", format!("layer {code}")))?;
        self.0 |= 1 << layer.code();
        Ok(())
    }
}

/// Tells every reference of some objects once, with its layers; ordered by object, attribute, target.
/// Nothing is kept, so that a group of any size costs no memory.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn visit_references(
    connection: &Connection,
    ids: &[CsId],
    mut visit: impl FnMut(CsId, AttributeId, CsId, ReferenceLayers),
) -> Result<(), StoreError> {
    let failed = StoreError::sqlite("reading references");
    let mut statement = connection
        .prepare_cached(
            "SELECT object, attribute, target, layer FROM cs_reference WHERE object IN rarray(?1)
             ORDER BY object, attribute, target, layer",
        )
        .map_err(&failed)?;
    let mut rows = statement.query([&integers(ids.iter().map(|id| id.0))]).map_err(&failed)?;
    let mut open: Option<((i64, u32, i64), ReferenceLayers)> = None;
    let mut tell = |((object, attribute, target), layers): ((i64, u32, i64), ReferenceLayers)| {
        visit(CsId(object), AttributeId(attribute), CsId(target), layers);
    };
    while let Some(row) = rows.next().map_err(&failed)? {
        let key = (row.get(0).map_err(&failed)?, row.get(1).map_err(&failed)?, row.get(2).map_err(&failed)?);
        let mut layers = match open.take() {
            Some((previous, layers)) if previous == key => layers,
            Some(done) => {
                tell(done);
                ReferenceLayers::default()
            }
            None => ReferenceLayers::default(),
        };
        layers.add(row.get(3).map_err(&failed)?)?;
        open = Some((key, layers));
    }
    if let Some(done) = open {
        tell(done);
    }
    Ok(())
}
