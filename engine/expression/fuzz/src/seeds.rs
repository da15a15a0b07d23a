//! What the fuzzer begins with: the expressions of the default rules and the examples of the functions.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Writes the seeds into the folder of inputs that the fuzzer was started with, if there is one.
pub fn plant() {
    let Some(folder) = std::env::args_os().skip(1).map(PathBuf::from).find(|argument| argument.is_dir()) else { return };
    let mut seeds: BTreeSet<String> = syncline_expression::functions().iter().map(|entry| entry.example.to_owned()).collect();
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../assets/rules");
    for file in std::fs::read_dir(rules).expect("assets/rules").map(|entry| entry.expect("a file").path()) {
        let table: toml::Table = std::fs::read_to_string(&file).expect("a rule file").parse().expect("TOML");
        collect(&toml::Value::Table(table), &mut seeds);
    }
    for (number, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number:03}")), seed).expect("a folder that can be written");
    }
}

/// The texts of all tables called `expression`.
fn collect(value: &toml::Value, seeds: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(table) => {
            for (name, inner) in table {
                if name == "expression"
                    && let Some(flows) = inner.as_table()
                {
                    seeds.extend(flows.values().filter_map(toml::Value::as_str).map(str::to_owned));
                }
                collect(inner, seeds);
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| collect(item, seeds)),
        _ => {}
    }
}
