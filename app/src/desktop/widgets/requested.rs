//! A value that is fetched: not asked, pending, ready or failed. The previous value stays visible meanwhile.

use super::super::worker::{Pending, Worker};

/// A fetched value.
pub struct Requested<T> {
    value: Option<T>,
    error: Option<String>,
    pending: Option<Pending<T>>,
}

/// What is known of a fetched value.
#[derive(Debug, PartialEq)]
pub enum Fetched<'a, T> {
    /// Nobody asked.
    NotAsked,
    /// On its way; the value shown so far.
    Pending(Option<&'a T>),
    /// Here.
    Ready(&'a T),
    /// Could not be fetched; the value shown so far.
    Failed(&'a str, Option<&'a T>),
}

impl<T> Default for Requested<T> {
    fn default() -> Self {
        Self { value: None, error: None, pending: None }
    }
}

impl<T: Send + 'static> Requested<T> {
    /// Asks (again); an answer still on its way to an earlier question is dropped.
    pub fn ask(&mut self, worker: &Worker, question: impl FnOnce() -> Result<T, String> + Send + 'static) {
        self.pending = Some(worker.ask(question));
    }
}

impl<T> Requested<T> {
    /// Takes in an answer that arrived; true when there was one.
    pub fn poll(&mut self) -> bool {
        let Some(answer) = self.pending.as_ref().and_then(Pending::take) else { return false };
        self.pending = None;
        match answer {
            Ok(value) => {
                self.value = Some(value);
                self.error = None;
            }
            Err(error) => self.error = Some(error),
        }
        true
    }

    /// What is known.
    #[must_use]
    pub fn state(&self) -> Fetched<'_, T> {
        match (&self.pending, &self.error, &self.value) {
            (Some(_), _, value) => Fetched::Pending(value.as_ref()),
            (None, Some(error), value) => Fetched::Failed(error, value.as_ref()),
            (None, None, Some(value)) => Fetched::Ready(value),
            (None, None, None) => Fetched::NotAsked,
        }
    }

    /// The value, new or previous.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// Takes the value out.
    pub fn take(&mut self) -> Option<T> {
        self.value.take()
    }

    /// The last error, when the last answer was one.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// True while an answer is on its way.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_previous_value_stays_until_the_answer_and_after_a_failure() {
        let worker = Worker::inline(egui::Context::default());
        let mut number = Requested::default();
        assert_eq!(number.state(), Fetched::NotAsked);
        number.ask(&worker, || Ok(1));
        assert_eq!(number.state(), Fetched::Pending(None));
        assert!(number.poll());
        assert_eq!(number.state(), Fetched::Ready(&1));
        number.ask(&worker, || Err("the engine is gone".to_owned()));
        assert_eq!(number.state(), Fetched::Pending(Some(&1)));
        assert!(number.poll());
        assert_eq!(number.state(), Fetched::Failed("the engine is gone", Some(&1)));
    }

    #[test]
    fn an_answer_to_a_superseded_question_is_dropped() {
        let worker = Worker::inline(egui::Context::default());
        let mut text = Requested::default();
        text.ask(&worker, || Ok("first"));
        text.ask(&worker, || Ok("second"));
        assert!(text.poll());
        assert_eq!(text.value(), Some(&"second"));
        assert!(!text.poll());
    }
}
