//! While a frame is drawn nothing may wait: no question to the engine, no file, no network. Builds with debug assertions
//! end with a message where something does; every UI test holds the app to it.

use std::cell::Cell;

thread_local! {
    static DRAWING: Cell<bool> = const { Cell::new(false) };
}

/// Says what this thread does for as long as it lives.
#[must_use]
pub struct Frame {
    before: bool,
}

impl Frame {
    /// A frame is drawn.
    pub fn begin() -> Self {
        Self { before: DRAWING.replace(true) }
    }

    /// Something is done for the worker on the thread that draws, as tests that step frame by frame want it.
    pub fn pause() -> Self {
        Self { before: DRAWING.replace(false) }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        DRAWING.set(self.before);
    }
}

/// Holds what may take its time to be done elsewhere than in a frame.
///
/// # Panics
/// In builds with debug assertions, when this thread draws a frame.
pub fn not_in_a_frame(what: &str) {
    debug_assert!(!DRAWING.get(), "a frame {what}; that belongs on the worker");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_one_until_it_ends_but_for_its_pauses() {
        let drawing = || DRAWING.get();
        assert!(!drawing());
        let frame = Frame::begin();
        assert!(drawing());
        {
            let _pause = Frame::pause();
            not_in_a_frame("asks nothing");
            assert!(!drawing());
        }
        assert!(drawing());
        drop(frame);
        assert!(!drawing());
    }

    #[test]
    #[should_panic(expected = "a frame reads a file")]
    fn waiting_in_a_frame_is_a_mistake() {
        let _frame = Frame::begin();
        not_in_a_frame("reads a file");
    }
}
