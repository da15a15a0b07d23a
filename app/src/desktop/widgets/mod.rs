//! Building blocks shared by all screens.

pub mod action_ui;
pub mod badge;
pub mod button_bar;
pub mod clauses;
pub mod diff;
pub mod empty;
pub mod ends;
pub mod facts;
pub mod fields;
pub mod file_form;
pub mod grid;
pub mod panes;
pub mod path_field;
pub mod requested;
pub mod splitter;
