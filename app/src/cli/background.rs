//! Work that goes on after the command has returned (`run start --no-wait`, `cycle start`): another
//! `syncline` process owns the engine for its duration. It answers with one line once the work is
//! accepted.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::json;
use super::output::Output;

/// Tells the waiting process that the work was accepted.
pub fn accepted(output: &Output, data: &Value) {
    output.event(&json!({ "event": "accepted", "data": data }));
}

/// Starts this program with these arguments and returns what it accepted.
///
/// # Errors
/// [`Failure`] of the other process when it refused.
pub fn start(folder: &Path, arguments: &[&str]) -> Result<Value, Failure> {
    let program = std::env::current_exe()?;
    let mut command = Command::new(program);
    command.arg("--data").arg(folder).arg("--json").args(arguments.iter().map(OsString::from));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    detach(&mut command);
    let mut child = command.spawn()?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    let answer: Value = serde_json::from_str(&line).unwrap_or_default();
    if let Some(data) = read_accepted(&answer) {
        let mut data = data.clone();
        if let Some(fields) = data.as_object_mut() {
            fields.insert("pid".into(), json!(child.id()));
        }
        return Ok(data);
    }
    let exit = child.wait()?.code().map_or(Exit::Unexpected, Exit::from_number);
    Err(json::read_failure(&answer, exit))
}

/// What was accepted, if this is the line that says so.
fn read_accepted(line: &Value) -> Option<&Value> {
    line.get("event").filter(|event| *event == "accepted")?;
    line.get("data")
}

/// Ctrl+C in this terminal is not meant for the work in the background.
#[cfg(unix)]
fn detach(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

/// Ctrl+C in this terminal is not meant for the work in the background.
#[cfg(windows)]
fn detach(command: &mut Command) {
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_accepted_line_counts() {
        let check = |line: Value, expected: Option<Value>| assert_eq!(read_accepted(&line).cloned(), expected);
        check(json!({ "event": "accepted", "data": { "run": 5 } }), Some(json!({ "run": 5 })));
        check(json!({ "event": "runFinished", "data": {} }), None);
        check(json!({ "ok": false }), None);
        check(Value::Null, None);
    }
}
