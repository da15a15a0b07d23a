//! Asking whether the work may go on. The question and the answer are one byte each, over a connection to loopback.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// A new run begins: the next byte is its number.
pub(super) const RUN: u8 = b'r';
/// A row is about to be written.
pub(super) const ROW: u8 = b'w';
/// A transaction is about to be committed.
pub(super) const COMMIT: u8 = b'c';

/// The side of the program.
#[derive(Clone, Debug)]
pub(super) struct Gate(Arc<Mutex<TcpStream>>);

impl Gate {
    pub(super) fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(Arc::new(Mutex::new(stream)))
    }

    /// Waits until it may go on. Without an answer there is nothing more to do.
    pub(super) fn pass(&self, what: u8) {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut answer = [0];
        stream.write_all(&[what]).and_then(|()| stream.read_exact(&mut answer)).unwrap();
    }
}

/// Something that wants to go on, or the end of the program.
#[derive(Debug)]
pub(super) enum Asked {
    Step(Question),
    /// Bytes go to the tenant.
    Request(Question),
    /// An answer of the tenant goes to the program.
    Answer(Question),
    End,
}

/// A question that waits for its answer.
#[derive(Debug)]
pub(super) struct Question {
    pub what: u8,
    answer: SyncSender<()>,
}

impl Question {
    pub(super) fn new(what: u8) -> (Self, Receiver<()>) {
        let (answer, answered) = sync_channel(1);
        (Self { what, answer }, answered)
    }

    /// Lets the one who asked go on.
    pub(super) fn go_on(self) {
        self.answer.send(()).ok();
    }
}

/// Passes the questions of a program on, until its connection ends.
pub(super) fn listen(mut stream: TcpStream, asked: &SyncSender<Asked>) {
    stream.set_nodelay(true).unwrap();
    let mut what = [0];
    while stream.read_exact(&mut what).is_ok() {
        let (question, answered) = Question::new(what[0]);
        if asked.send(Asked::Step(question)).is_err() || answered.recv().is_err() || stream.write_all(&what).is_err() {
            return;
        }
    }
    asked.send(Asked::End).ok();
}
