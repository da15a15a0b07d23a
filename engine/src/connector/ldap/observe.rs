//! What a connector asks a server, told to somebody who looks on.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use ldap3::Scope;
use serde::Serialize;

use super::session::Search;

/// A search that a server answered, or the pages of one together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TracedSearch {
    /// The server, as `host:port`.
    pub server: String,
    /// Where it looked.
    pub base: String,
    /// `base`, `one` or `subtree`.
    pub scope: &'static str,
    /// The filter.
    pub filter: String,
    /// Attributes that were asked for.
    pub attributes: Vec<String>,
    /// Object identifiers of the controls that came along, but for paging.
    pub controls: Vec<String>,
    /// Pages read; 0 when the answer was not asked for in pages.
    pub pages: u32,
    /// Entries of the answer.
    pub entries: usize,
    /// Octets of their values and names.
    pub octets: usize,
    /// Milliseconds until the answer was complete.
    pub millis: u64,
    /// The server refused it, or the answer never came to its end.
    pub failed: bool,
}

impl TracedSearch {
    /// True when another one is a further page of this search.
    #[must_use]
    pub fn goes_on_with(&self, next: &Self) -> bool {
        let same = (&self.server, &self.base, self.scope, &self.filter, &self.attributes, &self.controls)
            == (&next.server, &next.base, next.scope, &next.filter, &next.attributes, &next.controls);
        same && self.pages > 0 && next.pages > 0 && !self.failed
    }

    /// Counts further pages.
    pub fn add(&mut self, next: &Self) {
        self.pages += next.pages;
        self.entries += next.entries;
        self.octets += next.octets;
        self.millis += next.millis;
        self.failed |= next.failed;
    }
}

/// Somebody who is told of every search, from any thread.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(TracedSearch) + Send + Sync>);

impl Observer {
    /// An observer that does this with every search.
    pub fn new(tell: impl Fn(TracedSearch) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// Begins to look at a search.
    pub(super) fn begin(&self, server: &str, search: &Search, paged: bool) -> Watch {
        let traced = TracedSearch {
            server: server.to_owned(),
            base: search.base.clone(),
            scope: match search.scope {
                Scope::Base => "base",
                Scope::OneLevel => "one",
                Scope::Subtree => "subtree",
            },
            filter: search.filter.clone(),
            attributes: search.attributes.clone(),
            controls: search.controls.iter().map(|control| control.ctype.clone()).collect(),
            pages: u32::from(paged),
            entries: 0,
            octets: 0,
            millis: 0,
            failed: true,
        };
        Watch { observer: self.clone(), begun: Instant::now(), traced: Some(traced) }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// One search that is looked at. Dropped before its end, it is told as failed.
pub(super) struct Watch {
    observer: Observer,
    begun: Instant,
    traced: Option<TracedSearch>,
}

impl Watch {
    /// Tells that it was answered.
    pub(super) fn end(mut self, entries: usize, octets: usize) {
        if let Some(traced) = self.traced.take() {
            self.tell(TracedSearch { entries, octets, failed: false, ..traced });
        }
    }

    fn tell(&self, traced: TracedSearch) {
        let millis = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        (self.observer.0)(TracedSearch { millis, ..traced });
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(traced) = self.traced.take() {
            self.tell(traced);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_one_search_are_told_together() {
        let search = TracedSearch {
            server: "dc1:636".into(),
            base: "DC=x".into(),
            scope: "subtree",
            filter: "(a=b)".into(),
            attributes: vec!["cn".into()],
            controls: Vec::new(),
            pages: 1,
            entries: 500,
            octets: 9,
            millis: 3,
            failed: false,
        };
        let mut sum = search.clone();
        sum.add(&search);
        assert_eq!((sum.pages, sum.entries, sum.octets, sum.millis, sum.failed), (2, 1000, 18, 6, false));
        assert!(search.goes_on_with(&search));
        let check = |change: &dyn Fn(&mut TracedSearch)| {
            let mut other = search.clone();
            change(&mut other);
            assert!(!search.goes_on_with(&other), "{other:?}");
        };
        check(&|other| other.pages = 0);
        check(&|other| other.filter = "(a=c)".into());
        check(&|other| other.base = "DC=y".into());
        check(&|other| other.server = "dc2:636".into());
    }
}
