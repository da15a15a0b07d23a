//! How far a what-if has come: a bar on a terminal, a line per stage elsewhere.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};
use syncline_engine::service::WhatIfProgress;

use crate::cli::output::{Output, say};
use crate::cli::text::safe;

/// Shows the stages as they come.
pub fn stages(output: &Output) -> Arc<dyn Fn(WhatIfProgress) + Send + Sync> {
    if !output.talks() {
        return Arc::new(|_| {});
    }
    let bar = std::io::stderr().is_terminal().then(|| {
        let bar = ProgressBar::no_length();
        let style = ProgressStyle::with_template("{prefix}  [{bar:30}] {human_pos}/{human_len}");
        bar.set_style(style.map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("=> ")));
        bar
    });
    let last = Mutex::new(String::new());
    Arc::new(move |progress| {
        let (stage, done, total) = stage(&progress);
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = *last != stage;
        match &bar {
            Some(bar) => {
                bar.set_prefix(stage.clone());
                bar.set_length(total.unwrap_or(done));
                bar.set_position(done);
                if matches!(progress, WhatIfProgress::Comparing { .. }) && is_new {
                    bar.finish_and_clear();
                }
            }
            None if is_new => say(&format!("{stage} ...")),
            None => {}
        }
        *last = stage;
    })
}

/// Name of a stage, what is done of it, and what there is.
fn stage(progress: &WhatIfProgress) -> (String, u64, Option<u64>) {
    match progress {
        WhatIfProgress::Copying { done, total } => ("Copying the database".to_string(), *done, Some(*total)),
        WhatIfProgress::Synchronizing { connector, progress } => {
            (safe(&format!("Synchronizing {connector} on the copy")), progress.done, progress.total)
        }
        WhatIfProgress::Comparing { done } => ("Comparing before and after".to_string(), *done, None),
    }
}
