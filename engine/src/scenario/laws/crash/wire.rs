//! The wire between program and tenant: every piece of data asks before it goes on.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::gate::{Asked, Question};

/// Who is asked at present.
type Asking = Arc<Mutex<Option<SyncSender<Asked>>>>;

/// A listener in front of a tenant.
#[derive(Debug)]
pub(super) struct Wire {
    pub address: SocketAddr,
    asking: Asking,
}

impl Wire {
    pub(super) fn before(tenant: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asking = Asking::default();
        let shared = Arc::clone(&asking);
        // It ends with the test's process.
        let serve = move || {
            for stream in listener.incoming() {
                let (Ok(program), Ok(tenant)) = (stream, TcpStream::connect(tenant)) else { return };
                let (from, to) = (program.try_clone().unwrap(), tenant.try_clone().unwrap());
                let asking = Arc::clone(&shared);
                named("requests", move || carry(from, to, &asking, Asked::Request));
                let asking = Arc::clone(&shared);
                named("answers", move || carry(tenant, program, &asking, Asked::Answer));
            }
        };
        named("wire", serve);
        Self { address, asking }
    }

    /// From now on everything asks here; nobody is asked with `None`.
    pub(super) fn asks(&self, whom: Option<SyncSender<Asked>>) {
        *self.asking.lock().unwrap_or_else(PoisonError::into_inner) = whom;
    }
}

/// Starts a thread that has a name.
fn named(name: &str, work: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name(name.to_owned()).spawn(work).unwrap();
}

/// Carries data one way until an end is gone, or until nobody answers.
fn carry(mut from: TcpStream, mut to: TcpStream, asking: &Asking, asked: fn(Question) -> Asked) {
    let mut bytes = [0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        let whom = asking.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(whom) = whom {
            let (question, answered) = Question::new(0);
            if whom.send(asked(question)).is_err() || answered.recv().is_err() {
                break;
            }
        }
        if to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    from.shutdown(Shutdown::Both).ok();
    to.shutdown(Shutdown::Both).ok();
}
