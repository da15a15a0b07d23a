//! Two what-ifs beside each other.

use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use uuid::Uuid;

use super::error::WhatIfError;
use super::folder::WhatIfFolder;
use super::report::{ChangeKind, ObjectChange, WhatIfFilter, WhatIfReport};
use crate::store::StoreError;
use crate::store::whatif::{ObjectFilter, ResultFile, StoredChange};

/// Changes read at a time.
const BATCH: usize = 1_000;

/// In which what-if a change stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Only in the first.
    First,
    /// Only in the second.
    Second,
    /// In both, but not the same.
    Both,
}

/// An object that two what-ifs do not agree on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedChange {
    /// Where it stands.
    pub side: Side,
    /// What the first does to it.
    pub first: Option<ObjectChange>,
    /// What the second does to it.
    pub second: Option<ObjectChange>,
}

/// How two what-ifs differ in one space.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ComparedSpace {
    /// Identifier of the connector; empty for the metaverse.
    pub space: String,
    /// Name of the connector, or `Metaverse`.
    pub name: String,
    /// Objects that only the first changes.
    pub first_only: u64,
    /// Objects that only the second changes.
    pub second_only: u64,
    /// Objects that both change, but not in the same way.
    pub different: u64,
    /// Objects that both change in the same way.
    pub same: u64,
}

/// Two what-ifs beside each other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Summary of the first.
    pub first: WhatIfReport,
    /// Summary of the second.
    pub second: WhatIfReport,
    /// The metaverse, then the connectors by name.
    pub spaces: Vec<ComparedSpace>,
    /// Objects that they do not agree on, by space: at most as many as were asked for.
    pub objects: Vec<ComparedChange>,
}

impl Comparison {
    /// Objects that the two do not agree on, listed or not.
    #[must_use]
    pub fn differences(&self) -> u64 {
        self.spaces.iter().map(|space| space.first_only + space.second_only + space.different).sum()
    }
}

impl WhatIfFolder {
    /// The summary of a result.
    ///
    /// # Errors
    /// [`WhatIfError`] when there is none of that number or it cannot be read.
    pub fn report(&self, number: u32) -> Result<WhatIfReport, WhatIfError> {
        summary(&self.open(number)?)
    }

    /// A page of the changes of a result, by space, then kind, then name; and the number of all of them.
    ///
    /// # Errors
    /// As [`WhatIfFolder::report`].
    pub fn changes(
        &self,
        number: u32,
        filter: &WhatIfFilter,
        offset: u64,
        limit: u64,
    ) -> Result<(Vec<ObjectChange>, u64), WhatIfError> {
        let (rows, total) = self.open(number)?.changes(&stored(filter), offset, limit)?;
        Ok((rows.iter().map(read).collect::<Result<_, _>>()?, total))
    }

    /// Tells all changes of a result one by one, in the order of [`WhatIfFolder::changes`]; nothing is kept.
    ///
    /// # Errors
    /// As [`WhatIfFolder::report`], and whatever `visit` gives.
    pub fn each_change<E: From<WhatIfError>>(
        &self,
        number: u32,
        filter: &WhatIfFilter,
        visit: &mut dyn FnMut(ObjectChange) -> Result<(), E>,
    ) -> Result<(), E> {
        enum Stop<E> {
            Store(StoreError),
            Visit(E),
        }
        impl<E> From<StoreError> for Stop<E> {
            fn from(error: StoreError) -> Self {
                Self::Store(error)
            }
        }
        let file = self.open(number)?;
        let told = file.each(&stored(filter), &mut |row| visit(read(&row)?).map_err(Stop::Visit));
        told.map_err(|stop| match stop {
            Stop::Store(error) => E::from(WhatIfError::from(error)),
            Stop::Visit(error) => error,
        })
    }
}

fn summary(file: &ResultFile) -> Result<WhatIfReport, WhatIfError> {
    let text = file.report()?;
    Ok(serde_json::from_str(&text).map_err(|error| StoreError::damaged("the summary of a what-if", error))?)
}

fn stored(filter: &WhatIfFilter) -> ObjectFilter {
    ObjectFilter { space: filter.space.clone(), kind: filter.kind.map(|kind| kind as i64), errors: filter.errors }
}

fn read(row: &StoredChange) -> Result<ObjectChange, StoreError> {
    serde_json::from_str(&row.content).map_err(|error| StoreError::damaged("a change of a what-if", error))
}

/// Compares two results of one data folder.
///
/// # Errors
/// [`WhatIfError`] when there is none of a number or it cannot be read.
pub fn compare(folder: &WhatIfFolder, first: u32, second: u32, limit: usize) -> Result<Comparison, WhatIfError> {
    let (one, other) = (folder.open(first)?, folder.open(second)?);
    let (first, second) = (summary(&one)?, summary(&other)?);
    let mut order: Vec<(String, String)> = Vec::new();
    for space in first.spaces.iter().chain(&second.spaces) {
        if !order.iter().any(|(known, _)| *known == space.space) {
            order.push((space.space.clone(), space.name.clone()));
        }
    }
    let mut spaces: BTreeMap<String, ComparedSpace> = order
        .iter()
        .map(|(space, name)| {
            (space.clone(), ComparedSpace { space: space.clone(), name: name.clone(), ..ComparedSpace::default() })
        })
        .collect();
    let mut objects = Vec::new();
    let (mut left, mut right) = (Stream::new(&one), Stream::new(&other));
    loop {
        let side = match (left.peek()?, right.peek()?) {
            (None, None) => break,
            (Some(_), None) => Side::First,
            (None, Some(_)) => Side::Second,
            (Some(a), Some(b)) => match (&a.space, &a.identity).cmp(&(&b.space, &b.identity)) {
                Ordering::Less => Side::First,
                Ordering::Greater => Side::Second,
                Ordering::Equal => Side::Both,
            },
        };
        let first = if side == Side::Second { None } else { left.next().as_ref().map(read).transpose()? };
        let second = if side == Side::First { None } else { right.next().as_ref().map(read).transpose()? };
        let Some(space) = first.as_ref().or(second.as_ref()).map(|change| change.space.clone()) else { break };
        let counted = spaces.entry(space).or_default();
        let same = match (&first, &second) {
            (Some(first), Some(second)) => comparable(first) == comparable(second),
            _ => false,
        };
        *match side {
            Side::First => &mut counted.first_only,
            Side::Second => &mut counted.second_only,
            Side::Both if same => &mut counted.same,
            Side::Both => &mut counted.different,
        } += 1;
        if !same && objects.len() < limit {
            objects.push(ComparedChange { side, first, second });
        }
    }
    let spaces = order.iter().filter_map(|(space, _)| spaces.remove(space)).collect();
    Ok(Comparison { first, second, spaces, objects })
}

/// A change without what differs from one what-if to the next: a new object has another GUID each time.
fn comparable(change: &ObjectChange) -> ObjectChange {
    let guid = if change.kind == ChangeKind::Add { Uuid::nil() } else { change.guid };
    ObjectChange { guid, ..change.clone() }
}

/// The changes of a file in the order in which two are compared, a batch at a time.
struct Stream<'a> {
    file: &'a ResultFile,
    batch: VecDeque<StoredChange>,
    last: (String, String),
    ended: bool,
}

impl<'a> Stream<'a> {
    fn new(file: &'a ResultFile) -> Self {
        Self { file, batch: VecDeque::new(), last: (String::new(), String::new()), ended: false }
    }

    fn peek(&mut self) -> Result<Option<&StoredChange>, StoreError> {
        if self.batch.is_empty() && !self.ended {
            self.batch = self.file.following(&self.last.0, &self.last.1, BATCH)?.into();
            match self.batch.back() {
                Some(last) => self.last = (last.space.clone(), last.identity.clone()),
                None => self.ended = true,
            }
        }
        Ok(self.batch.front())
    }

    fn next(&mut self) -> Option<StoredChange> {
        self.batch.pop_front()
    }
}
