//! Stopping runs of another process: who wants a stop leaves a request in the database, and the owner of
//! the data folder looks for it (`operations.md` 12-4).

use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::EngineError;
use crate::model::ConnectorId;
use crate::run::{RunCore, RunError};
use crate::store::{Database, StoreError, options};

/// How often the owner looks.
const INTERVAL: Duration = Duration::from_millis(500);
const EVERYTHING: &str = "all";

/// Leaves a request: the run of a connector, or everything.
pub(super) fn leave(database: &Database, connector: Option<ConnectorId>) -> Result<(), StoreError> {
    let text = connector.map_or_else(|| EVERYTHING.to_owned(), |connector| connector.to_string());
    write(database, Some(&text))
}

/// Forgets a request that an earlier owner left unanswered.
pub(super) fn forget(database: &Database) -> Result<(), StoreError> {
    if options::get(&*database.reader()?, options::STOP_REQUEST)?.is_some() { write(database, None) } else { Ok(()) }
}

/// Does what was requested, if anything was.
pub(super) fn answer(database: &Database, runs: &RunCore) -> Result<(), StoreError> {
    let Some(text) = options::get(&*database.reader()?, options::STOP_REQUEST)? else { return Ok(()) };
    match text.parse() {
        Ok(connector) => {
            runs.stop(Some(ConnectorId(connector)));
        }
        Err(_) => {
            runs.stop_cycle();
            runs.stop(None);
        }
    }
    write(database, None)
}

fn write(database: &Database, text: Option<&str>) -> Result<(), StoreError> {
    let mut writer = database.writer();
    let transaction = writer.transaction()?;
    options::set(&transaction, options::STOP_REQUEST, text)?;
    transaction.commit().map_err(StoreError::sqlite("writing a stop request"))
}

/// Looks for requests on a thread of its own until the sender that it gives is dropped.
pub(super) fn watch(database: Arc<Database>, runs: Weak<RunCore>) -> Result<Sender<()>, EngineError> {
    let (alive, ended) = bounded::<()>(0);
    let look = move || {
        while ended.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
            let Some(runs) = runs.upgrade() else { return };
            if let Err(error) = answer(&database, &runs) {
                tracing::warn!(%error, "a stop request could not be read");
            }
        }
    };
    thread::Builder::new().name("stop-requests".to_owned()).spawn(look).map_err(RunError::Thread)?;
    Ok(alive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::{Connector, ConnectorError, ConnectorErrorKind};
    use crate::model::{RandomIds, SystemClock};
    use crate::run::DirectoryFactory;
    use crate::store::configuration::ConnectorRecord;

    struct Nothing;

    impl DirectoryFactory for Nothing {
        fn open(&self, _connector: &ConnectorRecord) -> Result<Box<dyn Connector>, ConnectorError> {
            Err(ConnectorError::new(ConnectorErrorKind::Connection, "there is no directory"))
        }
    }

    #[test]
    fn a_request_is_answered_once_and_an_old_one_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let database = Arc::new(Database::open(&folder.path().join("syncline.db")).unwrap());
        let (clock, ids, factory) = (Arc::new(SystemClock), Arc::new(RandomIds), Arc::new(Nothing));
        let runs = RunCore::new(Arc::clone(&database), clock, ids, factory, String::new(), Box::new(|_| {})).unwrap();
        let request = || options::get(&database.reader().unwrap(), options::STOP_REQUEST).unwrap();
        for (connector, text) in [(None, "all"), (Some(ConnectorId(7)), "7")] {
            leave(&database, connector).unwrap();
            assert_eq!(request().as_deref(), Some(text));
            answer(&database, &runs).unwrap();
            assert_eq!(request(), None);
        }
        leave(&database, None).unwrap();
        forget(&database).unwrap();
        assert_eq!(request(), None);
    }
}
