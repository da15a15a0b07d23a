//! Building blocks shared by all screens.

pub mod action_ui;
pub mod badge;
pub mod button_bar;
pub mod diff;
pub mod empty;
pub mod facts;
pub mod fields;
pub mod file_form;
pub mod grid;
pub mod path_field;
pub mod requested;
pub mod splitter;
