//! Statements: what happens, one after another.

use std::path::Path;

use jiff::SignedDuration;

use super::{Named, Parser, no_children};
use crate::model::Deprovisioning;
use crate::protection::DeletionLimit;
use crate::run::{DELTA_IMPORT, DELTA_SYNCHRONIZATION, EXPORT, FULL_IMPORT, FULL_SYNCHRONIZATION, Removal};
use crate::scenario::model::{Action, Errors, Expected, Kill, Order, RunSpec, Step, Subject, Way};
use crate::scenario::text::{Line, ScenarioFault, Words, instead};
use crate::scenario::world::COMBINED_PROFILES;

/// Run profiles of every connector; longer names before those that they begin with.
const PROFILES: [&str; 8] = [
    COMBINED_PROFILES[0].0,
    COMBINED_PROFILES[1].0,
    COMBINED_PROFILES[2].0,
    FULL_IMPORT,
    DELTA_IMPORT,
    FULL_SYNCHRONIZATION,
    DELTA_SYNCHRONIZATION,
    EXPORT,
];

/// The first words of statements.
const STATEMENTS: [&str; 35] = [
    "include",
    "forest",
    "tenant",
    "object",
    "change",
    "rename",
    "retype",
    "delete",
    "fault",
    "heal",
    "rules",
    "enable",
    "disable",
    "threshold",
    "approve",
    "containers",
    "deprovisioning",
    "staging",
    "advance",
    "remember",
    "run",
    "cycle",
    "restart",
    "preview",
    "commit",
    "join",
    "disconnect",
    "expect",
    "what",
    "same",
    "every",
    "full",
    "delta",
    "until",
    "way",
];

/// Most runs whose orders are tried: five have 120.
const MOST_ORDERED: usize = 5;

impl Parser {
    pub(super) fn statement(
        &mut self,
        line: &Line,
        path: &Path,
        depth: usize,
        steps: &mut Vec<Step>,
    ) -> Result<(), ScenarioFault> {
        let mut words = Words::new(&line.place, &line.text);
        if words.eat("forest") || words.eat("tenant") {
            if !steps.is_empty() {
                return Err(line.place.fault("directories stand before everything that happens; move the line up"));
            }
            return self.new_directory(line);
        }
        // Lines below a statement are about what it does, statements of a block, or what must be true after it.
        let (action, expected) = if words.eat("object") {
            (self.object(line, &mut words)?, false)
        } else if words.eat("change rule") {
            (self.change_rule(line, &mut words)?, false)
        } else if words.eat("change") {
            (self.change(line, &mut words)?, false)
        } else if words.eat("what if") {
            (Action::WhatIf(self.block(line, path, depth)?), false)
        } else if words.eat("same end") {
            words.eat_sign(',');
            let errors = if words.eat("errors by identity") { Errors::ByIdentity } else { Errors::ByObject };
            words.end("same end, or same end, errors by identity")?;
            (Action::SameEnd { ways: self.ways(line, path, depth)?, errors }, false)
        } else if words.eat("every order") {
            (Action::EveryOrder(self.order(line, words, path, depth)?), false)
        } else if words.eat("until nothing changes") {
            words.end("until nothing changes")?;
            (Action::UntilStable(self.block(line, path, depth)?), false)
        } else if words.eat("full synchronization does what its what-if tells") {
            (self.foretold(line, &words, true, path, depth)?, false)
        } else if words.eat("delta synchronization does what its what-if tells") {
            (self.foretold(line, &words, false, path, depth)?, false)
        } else if line.text == "rules" {
            (self.add_rules(line)?, false)
        } else {
            (self.plain(line, words)?, true)
        };
        let mut expectations = Vec::new();
        if expected {
            if !can_expect(&action) {
                no_children(line)?;
            }
            for child in &line.children {
                let expectation = self.expectation(child)?;
                if let Some(where_it_fits) = misplaced(&action, &expectation.expected) {
                    return Err(child.place.fault(format!("\"{}\" can be said only {where_it_fits}", child.text)));
                }
                expectations.push(expectation);
            }
        }
        steps.push(Step { place: line.place.clone(), text: line.text.clone(), action, expectations });
        Ok(())
    }

    /// Statements that fit on their line.
    fn plain(&mut self, line: &Line, mut words: Words<'_>) -> Result<Action, ScenarioFault> {
        if words.eat("rename") {
            let subject = self.entry(&mut words)?;
            if !words.eat("to") || words.is_empty() {
                return Err(line.place.fault("write the whole new name: \"rename u1 to CN=Ada King,OU=Mgmt,DC=contoso,DC=com\""));
            }
            return Ok(Action::Rename { subject, dn: self.dn(&line.place, words.rest())? });
        }
        let action = if words.eat("retype") {
            let subject = self.entry(&mut words)?;
            words.eat("as");
            let object_type = self.object_type(&mut words, &subject)?;
            if let Subject::Object { name, .. } = &subject
                && let Some(Named::Object { object_type: known, .. }) = self.names.get_mut(name)
            {
                known.clone_from(&object_type);
            }
            Action::Retype { subject, object_type }
        } else if words.eat("delete rule") {
            Action::DeleteRule(self.rule(&mut words)?)
        } else if words.eat("delete connector space of") {
            self.delete_space(&mut words, Removal::Space)?
        } else if words.eat("delete connector") {
            self.delete_space(&mut words, Removal::Connector)?
        } else if words.eat("delete") {
            let subjects = self.subjects(&mut words)?;
            self.check_entries(&line.place, &subjects)?;
            Action::Delete { subjects, unnoticed: words.eat("unnoticed") }
        } else if words.eat("enable rule") {
            Action::SwitchRule { rule: self.rule(&mut words)?, enabled: true }
        } else if words.eat("disable rule") {
            Action::SwitchRule { rule: self.rule(&mut words)?, enabled: false }
        } else if words.eat("rules default") {
            Action::DefaultRules
        } else if words.eat("fault") {
            self.fault(&mut words)?
        } else if words.eat("heal") {
            Action::Heal(self.connector(&mut words)?)
        } else if words.eat("threshold") {
            threshold(&mut words)?
        } else if words.eat("approve deletions in") {
            Action::ApproveDeletions(self.connector(&mut words)?)
        } else if words.eat("containers of") {
            self.containers(&mut words)?
        } else if words.eat("deprovisioning of") {
            self.deprovisioning(&mut words)?
        } else if words.eat("staging on") {
            Action::Staging(true)
        } else if words.eat("staging off") {
            Action::Staging(false)
        } else if words.eat("advance") {
            advance(&mut words)?
        } else if words.eat("remember") {
            self.remember(&mut words)?
        } else if words.eat("run") {
            Action::Run(self.run(&mut words)?)
        } else if words.eat("cycle initial") {
            Action::Cycle { initial: true }
        } else if words.eat("cycle delta") {
            Action::Cycle { initial: false }
        } else if words.eat("restart") {
            Action::Restart
        } else if words.eat("preview") {
            self.preview(&mut words, false)?
        } else if words.eat("commit") {
            self.preview(&mut words, true)?
        } else if words.eat("join") {
            self.join(&mut words)?
        } else if words.eat("disconnect") {
            let subject = self.linkable(&mut words, "only objects of connector spaces are disconnected")?;
            Action::Disconnect { subject, for_good: words.eat("for good") }
        } else if words.eat("expect") {
            Action::Expect
        } else if words.eat("full synchronization twice changes nothing") {
            Action::SecondFullSynchronization
        } else {
            let word = words.word().unwrap_or_default();
            let known = instead(word, STATEMENTS);
            return Err(line.place.fault(format!("no statement begins with \"{word}\"; {known}")));
        };
        words.end(example(&action))?;
        Ok(action)
    }

    /// An object that a directory can hold.
    fn entry(&mut self, words: &mut Words<'_>) -> Result<Subject, ScenarioFault> {
        let subject = self.subject(words)?;
        self.check_entries(words.place(), std::slice::from_ref(&subject))?;
        Ok(subject)
    }

    fn remember(&mut self, words: &mut Words<'_>) -> Result<Action, ScenarioFault> {
        let place = words.place();
        let subject = self.subject(words)?;
        let name = if words.eat("as") { words.word().map(str::to_owned) } else { None };
        let name = name.ok_or_else(|| place.fault("write a name for it: \"remember MV(u1) as m1\""))?;
        let mut names = self.new_names(place, &name)?;
        let (Some((name, None)), true) = (names.pop(), names.is_empty()) else {
            return Err(place.fault("one name is needed here, not a range: \"remember MV(u1) as m1\""));
        };
        let named = match subject.connector() {
            Some(connector) => Named::RememberedObject { connector: connector.to_owned() },
            None => Named::RememberedIdentity,
        };
        self.names.insert(name.clone(), named);
        Ok(Action::Remember { subject, name })
    }

    /// Takes the name of a connector and of one of its run profiles.
    pub(super) fn profile(&self, words: &mut Words<'_>) -> Result<(String, String), ScenarioFault> {
        let connector = self.connector(words)?;
        match PROFILES.into_iter().find(|profile| words.eat(profile)) {
            Some(profile) => Ok((connector, profile.to_owned())),
            None => {
                let message = format!("\"{}\" is no run profile; there are {}", words.rest(), PROFILES.join(", "));
                Err(words.place().fault(message))
            }
        }
    }

    /// `containers of A: + OU=Staff,... | - OU=Old,...`, or `containers of A: all`.
    fn containers(&self, words: &mut Words<'_>) -> Result<Action, ScenarioFault> {
        let place = words.place();
        let connector = self.connector(words)?;
        words.eat_sign(':');
        let (mut include, mut exclude) = (Vec::new(), Vec::new());
        if !words.eat("all") {
            for part in words.take_rest().split('|').map(str::trim) {
                let (list, name) = match (part.strip_prefix('+'), part.strip_prefix('-')) {
                    (Some(name), _) => (&mut include, name),
                    (None, Some(name)) => (&mut exclude, name),
                    (None, None) => {
                        return Err(place.fault("write + before a container that is read, - before one that is not, or all"));
                    }
                };
                list.push(self.dn(place, name.trim())?);
            }
        }
        Ok(Action::Containers { connector, include, exclude })
    }

    /// `deprovisioning of T: make-normal-disconnector`.
    fn deprovisioning(&self, words: &mut Words<'_>) -> Result<Action, ScenarioFault> {
        let connector = self.connector(words)?;
        words.eat_sign(':');
        let word = words.take_rest();
        match Deprovisioning::of_word(word.trim()) {
            Some(action) => Ok(Action::Deprovisioning { connector, action }),
            None => {
                let known = instead(word.trim(), Deprovisioning::ALL.map(Deprovisioning::word));
                Err(words.place().fault(format!("\"{}\" is no action; {known}", word.trim())))
            }
        }
    }

    /// `run A Full Import`, with batches of a size, killed or not.
    fn run(&self, words: &mut Words<'_>) -> Result<RunSpec, ScenarioFault> {
        let place = words.place();
        let (connector, profile) = self.profile(words)?;
        let mut run = RunSpec { connector, profile, batch_size: None, object_limit: None, deletion_limit: None, kill: None };
        if words.eat("in batches of") {
            let size = words.number("the number of objects in a batch")?;
            run.batch_size = Some(
                u32::try_from(size)
                    .ok()
                    .filter(|size| *size > 0)
                    .ok_or_else(|| place.fault("a batch has at least one object"))?,
            );
        }
        words.eat_sign(',');
        if words.eat("at most") {
            let number = words.number("a number of objects, or of deletions")?;
            if words.eat("objects") {
                run.object_limit = Some(number);
            } else if words.eat("deletions") {
                run.deletion_limit = Some(number);
            } else {
                return Err(place.fault("say what is limited: \"at most 10 objects\" or \"at most 10 deletions\""));
            }
            words.eat_sign(',');
        }
        if words.eat("killed after batch") {
            run.kill = Some(Kill::Batch(words.number("the number of the batch")?.max(1)));
        } else if words.eat("killed after") {
            run.kill = Some(Kill::Objects(words.number("a number of objects")?));
            words.eat("objects");
        }
        let fits = match (&run.kill, run.profile.as_str()) {
            (None, _) | (Some(Kill::Batch(_)), EXPORT) => true,
            (Some(Kill::Objects(_)), profile) => [FULL_SYNCHRONIZATION, DELTA_SYNCHRONIZATION].contains(&profile),
            (Some(Kill::Batch(_)), _) => false,
        };
        if !fits {
            return Err(place.fault(
                "an export is \"killed after batch 2\", a synchronization \"killed after 400 objects\"; an import breaks off: \"fault A breaks off after 400 objects\"",
            ));
        }
        Ok(run)
    }

    fn delete_space(&self, words: &mut Words<'_>, removal: Removal) -> Result<Action, ScenarioFault> {
        let connector = self.connector(words)?;
        words.eat_sign(',');
        let mut kill = None;
        if words.eat("killed after") {
            kill = Some(Kill::Objects(words.number("a number of objects")?));
            words.eat("objects");
        }
        Ok(Action::DeleteSpace { connector, removal, kill })
    }

    fn preview(&mut self, words: &mut Words<'_>, commit: bool) -> Result<Action, ScenarioFault> {
        let place = words.place();
        let subject = self.linkable(words, "only objects of connector spaces are synchronized")?;
        let full = words.eat("full");
        if !full && !words.eat("delta") {
            return Err(place.fault("say which rules are applied: \"preview u1 full\" or \"preview u1 delta\""));
        }
        Ok(Action::Preview { subject, full, commit })
    }

    /// An object of a connector space; `why` says why it must be one.
    fn linkable(&mut self, words: &mut Words<'_>, why: &str) -> Result<Subject, ScenarioFault> {
        let subject = self.subject(words)?;
        match subject.connector() {
            Some(_) => Ok(subject),
            None => Err(words.place().fault(format!("{subject} is in the metaverse; {why}"))),
        }
    }

    /// `join b1 to MV(u1)`.
    fn join(&mut self, words: &mut Words<'_>) -> Result<Action, ScenarioFault> {
        let place = words.place();
        let subject = self.linkable(words, "write the object of a connector space first: \"join b1 to MV(u1)\"")?;
        if !words.eat("to") {
            return Err(place.fault("say to which identity it is joined: \"join b1 to MV(u1)\""));
        }
        let identity = self.subject(words)?;
        if identity.connector().is_some() {
            return Err(place.fault(format!(
                "{identity} is in a connector space; objects are joined to metaverse objects: \"join b1 to MV(u1)\""
            )));
        }
        Ok(Action::Join { subject, identity })
    }

    /// The statements below a line. Names given in them are not known outside.
    fn block(&mut self, line: &Line, path: &Path, depth: usize) -> Result<Vec<Step>, ScenarioFault> {
        if line.children.is_empty() {
            return Err(line.place.fault("the statements of the block are missing; indent them by two spaces"));
        }
        let names = self.names.clone();
        let mut steps = Vec::new();
        // A block is not the beginning of a file: no directory can be added there.
        if let Some(first) =
            line.children.iter().find(|child| child.text.starts_with("forest ") || child.text.starts_with("tenant "))
        {
            return Err(first.place.fault("directories stand at the beginning of the file; move the line up"));
        }
        self.statements(&line.children, path, depth, &mut steps)?;
        self.names = names;
        Ok(steps)
    }

    /// A what-if that is asked before the runs, of the rules as they are or with the changes below.
    fn foretold(
        &mut self,
        line: &Line,
        words: &Words<'_>,
        full: bool,
        path: &Path,
        depth: usize,
    ) -> Result<Action, ScenarioFault> {
        words.end("full synchronization does what its what-if tells")?;
        let rules = if line.children.is_empty() { Vec::new() } else { self.block(line, path, depth)? };
        let about_rules =
            |step: &Step| matches!(step.action, Action::AddRules(_) | Action::ChangeRule { .. } | Action::SwitchRule { .. });
        match rules.iter().find(|step| !about_rules(step)) {
            None => Ok(Action::Foretold { full, rules }),
            Some(wrong) => Err(wrong.place.fault(format!(
                "\"{}\" cannot stand here; below it stand rules that are added, changed, enabled or disabled",
                wrong.text
            ))),
        }
    }

    fn ways(&mut self, line: &Line, path: &Path, depth: usize) -> Result<Vec<Way>, ScenarioFault> {
        let mut ways = Vec::new();
        for child in &line.children {
            if !Words::new(&child.place, &child.text).eat("way") {
                return Err(child.place.fault("below \"same end\" stand the ways to it: \"way without a stop\""));
            }
            ways.push(Way { text: child.text.clone(), steps: self.block(child, path, depth)? });
        }
        if ways.len() < 2 {
            return Err(line.place.fault("\"same end\" compares at least two ways; add \"way ...\" lines below it"));
        }
        Ok(ways)
    }

    /// `every order` or `every order, until nothing changes`.
    fn order(&mut self, line: &Line, mut words: Words<'_>, path: &Path, depth: usize) -> Result<Order, ScenarioFault> {
        words.eat_sign(',');
        let until_stable = words.eat("until nothing changes");
        words.end("every order, until nothing changes")?;
        let (last, own) = match line.children.split_last() {
            Some((last, own)) if Words::new(&last.place, &last.text).eat("then every order") => (Some(last), own),
            _ => (None, line.children.as_slice()),
        };
        let mut steps = Vec::new();
        self.statements(own, path, depth, &mut steps)?;
        if steps.len() < 2 || steps.len() > MOST_ORDERED {
            return Err(line
                .place
                .fault(format!("put two to {MOST_ORDERED} lines below \"every order\"; they are done in every order")));
        }
        let then = match last {
            None => None,
            Some(last) => {
                let mut words = Words::new(&last.place, &last.text);
                words.eat("then every order");
                Some(Box::new(self.order(last, words, path, depth)?))
            }
        };
        Ok(Order { steps, until_stable, then })
    }
}

/// `threshold 500`, `threshold 10 percent`, `threshold off`.
fn threshold(words: &mut Words<'_>) -> Result<Action, ScenarioFault> {
    if words.eat("off") {
        return Ok(Action::Threshold(DeletionLimit::Off));
    }
    let number = words.number("a number of deletions, a number of percent, or off")?;
    if !words.eat("percent") {
        return Ok(Action::Threshold(DeletionLimit::Count(number)));
    }
    let share = u8::try_from(number).ok().filter(|share| (1..=100).contains(share));
    let share = share.ok_or_else(|| words.place().fault("a share lies between 1 and 100 percent"))?;
    Ok(Action::Threshold(DeletionLimit::Percent(share)))
}

/// `advance 30 minutes`.
fn advance(words: &mut Words<'_>) -> Result<Action, ScenarioFault> {
    let number = i64::try_from(words.number("a number of minutes, hours or days")?).unwrap_or(i64::MAX);
    let minutes = match words.word().unwrap_or_default() {
        "minute" | "minutes" => Some(number),
        "hour" | "hours" => number.checked_mul(60),
        "day" | "days" => number.checked_mul(24 * 60),
        _ => None,
    };
    let seconds = minutes.and_then(|minutes| minutes.checked_mul(60)).filter(|seconds| *seconds < 60 * 60 * 24 * 36_500);
    let seconds =
        seconds.ok_or_else(|| words.place().fault("write it as \"advance 30 minutes\", with minutes, hours or days"))?;
    Ok(Action::Advance(SignedDuration::from_secs(seconds)))
}

/// Statements after which something can be expected.
fn can_expect(action: &Action) -> bool {
    matches!(
        action,
        Action::Run(_)
            | Action::DeleteSpace { .. }
            | Action::Cycle { .. }
            | Action::Restart
            | Action::Preview { .. }
            | Action::Join { .. }
            | Action::Disconnect { .. }
            | Action::Expect
    )
}

/// Where an expectation can stand, when it cannot stand after this statement.
fn misplaced(action: &Action, expected: &Expected) -> Option<&'static str> {
    let (fits, place) = match expected {
        Expected::Result(_) | Expected::Message(_) => (
            matches!(
                action,
                Action::Run(_)
                    | Action::DeleteSpace { .. }
                    | Action::Cycle { .. }
                    | Action::Join { .. }
                    | Action::Disconnect { .. }
            ),
            "after a run, a cycle, a join or a disconnection",
        ),
        Expected::Warning(_) | Expected::NoErrors => {
            (matches!(action, Action::Run(_) | Action::DeleteSpace { .. } | Action::Cycle { .. }), "after a run or a cycle")
        }
        Expected::Sent { .. } | Expected::SentNothing => {
            (matches!(action, Action::Run(_) | Action::DeleteSpace { .. } | Action::Cycle { .. }), "after a run or a cycle")
        }
        Expected::Counters(_) => (matches!(action, Action::Run(_) | Action::DeleteSpace { .. }), "after a run"),
        Expected::Error { .. } => (
            matches!(action, Action::Run(_) | Action::DeleteSpace { .. } | Action::Cycle { .. } | Action::Preview { .. }),
            "after a run, a cycle or a preview",
        ),
        Expected::Ran { .. } => (matches!(action, Action::Cycle { .. }), "after a cycle"),
        Expected::Candidates(_) | Expected::Flow { .. } => (matches!(action, Action::Preview { .. }), "after a preview"),
        Expected::Statistics { .. }
        | Expected::Metaverse(_)
        | Expected::Entries { .. }
        | Expected::Objects { .. }
        | Expected::Required { .. }
        | Expected::Entry { .. }
        | Expected::Object { .. }
        | Expected::Identity { .. } => (true, ""),
    };
    (!fits).then_some(place)
}

fn example(action: &Action) -> &'static str {
    match action {
        Action::Retype { .. } => "retype c1 as user",
        Action::DeleteRule(_) => "delete rule 12",
        Action::Delete { .. } => "delete u1, or delete u1 unnoticed",
        Action::SwitchRule { enabled: true, .. } => "enable rule 12",
        Action::SwitchRule { enabled: false, .. } => "disable rule 12",
        Action::DefaultRules => "rules default",
        Action::Heal(_) => "heal T",
        Action::Threshold(_) => "threshold 500, threshold 10 percent, or threshold off",
        Action::ApproveDeletions(_) => "approve deletions in T",
        Action::Containers { .. } => "containers of A: + OU=Staff,DC=contoso,DC=com | - OU=Old,OU=Staff,DC=contoso,DC=com",
        Action::Deprovisioning { .. } => "deprovisioning of T: make-normal-disconnector",
        Action::Staging(_) => "staging on",
        Action::Advance(_) => "advance 30 minutes",
        Action::Remember { .. } => "remember MV(u1) as m1",
        Action::Run(_) => "run A Full Import, or run T Export in batches of 30, killed after batch 2",
        Action::Cycle { .. } => "cycle initial, or cycle delta",
        Action::DeleteSpace { .. } => "delete connector space of A, or delete connector A",
        Action::Restart => "restart",
        Action::Preview { .. } => "preview u1 delta",
        Action::Join { .. } => "join b1 to MV(u1)",
        Action::Disconnect { .. } => "disconnect u1, or disconnect u1 for good",
        Action::Expect => "expect",
        Action::Fault { .. } => "fault T refuses duplicates of mail",
        Action::Put(_)
        | Action::Change { .. }
        | Action::Rename { .. }
        | Action::AddRules(_)
        | Action::ChangeRule { .. }
        | Action::WhatIf(_)
        | Action::SameEnd { .. }
        | Action::EveryOrder(_)
        | Action::UntilStable(_)
        | Action::Foretold { .. }
        | Action::SecondFullSynchronization => "the statement alone",
    }
}
