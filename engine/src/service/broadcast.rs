//! Events to everybody who listens.

use std::sync::{Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::views::EngineEvent;

/// Events that a listener may be behind; a slower one misses progress, never the end of a run it asks
/// for.
const BACKLOG: usize = 4_096;

/// Passes every event to every listener. A listener that is gone is forgotten.
#[derive(Debug, Default)]
pub(super) struct Broadcast {
    listeners: Mutex<Vec<Sender<EngineEvent>>>,
}

impl Broadcast {
    /// A new listener; it gets every event from now on.
    pub(super) fn subscribe(&self) -> Receiver<EngineEvent> {
        let (sender, receiver) = bounded(BACKLOG);
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
    }

    /// Passes an event on.
    pub(super) fn send(&self, event: &EngineEvent) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| !matches!(listener.try_send(event.clone()), Err(TrySendError::Disconnected(_))));
    }
}
