//! What must be true after a step.

use std::collections::BTreeMap;

use super::{Parser, no_children};
use crate::model::ObjectOperation;
use crate::scenario::model::{ANY_RESULT, Expectation, Expected, Fact, Flag, FlowStanding, REFUSED, Subject, View};
use crate::scenario::text::{Line, Place, ScenarioFault, Words, instead};
use crate::step::StepStatus;

/// The numbers of a connector space.
const STATISTICS: [&str; 17] = [
    "all",
    "total-connector",
    "total-disconnector",
    "placeholder",
    "connector",
    "explicit-connector",
    "disconnector",
    "explicit-disconnector",
    "filtered-disconnector",
    "import-add",
    "import-update",
    "import-delete",
    "import-none",
    "export-add",
    "export-update",
    "export-delete",
    "unconfirmed",
];
/// How cycles, joins and disconnections end beside runs.
const OTHER_RESULTS: [&str; 3] = ["canceled", "completed-import-failed", REFUSED];

impl Parser {
    pub(super) fn expectation(&mut self, line: &Line) -> Result<Expectation, ScenarioFault> {
        let mut words = Words::new(&line.place, &line.text);
        let expected = match self.about_the_run(line, &mut words)? {
            Some(expected) => {
                no_children(line)?;
                expected
            }
            None => match self.about_sets(line, &mut words)? {
                Some(expected) => expected,
                None => self.about_objects(line, &mut words)?,
            },
        };
        Ok(Expectation { place: line.place.clone(), expected })
    }

    /// Lines about the run or cycle as a whole.
    fn about_the_run(&mut self, line: &Line, words: &mut Words<'_>) -> Result<Option<Expected>, ScenarioFault> {
        let place = &line.place;
        let expected = if words.eat("result") {
            let status = words.word().unwrap_or_default().to_owned();
            let known = StepStatus::ALL.iter().map(|known| known.0).chain(OTHER_RESULTS).chain([ANY_RESULT]);
            if !known.clone().any(|known| known == status) {
                return Err(place.fault(format!("\"{status}\" is no result of a run; {}", instead(&status, known))));
            }
            Expected::Result(status)
        } else if words.eat("message") {
            Expected::Message(words.take_rest().to_owned())
        } else if words.eat("warning") {
            Expected::Warning(words.take_rest().to_owned())
        } else if words.eat("counters none") {
            Expected::Counters(BTreeMap::new())
        } else if words.eat("counters") {
            Expected::Counters(self.counters(place, words.take_rest())?)
        } else if words.eat("no errors") {
            Expected::NoErrors
        } else if words.eat("error") {
            let subject = self.subject(words)?;
            words.eat_sign(':');
            let code = words
                .text()?
                .ok_or_else(|| place.fault("the code is missing: \"error u1: sync-rule-error-function-triggered\""))?;
            let saying = if words.eat("saying") { Some(words.quoted_or_fault()?) } else { None };
            Expected::Error { subject, code, saying }
        } else if words.eat("ran") {
            let (connector, profile) = self.profile(words)?;
            Expected::Ran { connector, profile, skipped: false }
        } else if words.eat("skipped") {
            let (connector, profile) = self.profile(words)?;
            Expected::Ran { connector, profile, skipped: true }
        } else if words.eat("candidates") {
            Expected::Candidates(self.subjects(words)?)
        } else if words.eat("flow") {
            self.flow(words)?
        } else {
            return Ok(None);
        };
        words.end("a line as in docs/scenarios.md")?;
        Ok(Some(expected))
    }

    /// `stage-add=3, T provisioned-add-flow=1`.
    fn counters(&self, place: &Place, text: &str) -> Result<BTreeMap<String, u64>, ScenarioFault> {
        let mut counters = BTreeMap::new();
        for part in text.split(',') {
            let (name, number) = number(place, part, "counters stage-add=3, T connector-flow=1")?;
            if let Some((connector, _)) = name.split_once(' ') {
                self.directory(place, connector)?;
            }
            counters.insert(name, number);
        }
        Ok(counters)
    }

    /// `flow department by 22 = R&D lost to 12`.
    fn flow(&mut self, words: &mut Words<'_>) -> Result<Expected, ScenarioFault> {
        let place = words.place();
        let name = words.word().unwrap_or_default();
        let attribute = self.attribute(place, None, None, name)?;
        if !words.eat("by") {
            return Err(place.fault("name the rule: \"flow department by 22 = R&D lost to 12\""));
        }
        let rule = self.rule(words)?;
        let rest = words.take_rest();
        let (value, standing) = if let Some((value, winner)) = rest.rsplit_once(" lost to ") {
            let mut words = Words::new(place, winner);
            let winner = self.rule(&mut words)?;
            words.end("lost to 12")?;
            (value, FlowStanding::LostTo(winner))
        } else if let Some(value) = rest.strip_suffix("not applied") {
            (value.trim_end(), FlowStanding::NotApplied)
        } else if let Some(value) = rest.strip_suffix(" applied") {
            (value, FlowStanding::Applied)
        } else {
            return Err(place.fault("say what becomes of it: applied, not applied, or lost to 12"));
        };
        let values = match value.strip_prefix("= ") {
            Some(text) => self.values(place, None, &attribute, text)?,
            None if standing == FlowStanding::NotApplied => Vec::new(),
            None => return Err(place.fault("say what it gives: \"flow department by 22 = R&D lost to 12\"")),
        };
        Ok(Expected::Flow { rule, attribute: attribute.name, values, standing })
    }

    /// Lines about many objects at once.
    fn about_sets(&mut self, line: &Line, words: &mut Words<'_>) -> Result<Option<Expected>, ScenarioFault> {
        let place = &line.place;
        if words.eat("statistics") {
            no_children(line)?;
            let connector = self.connector(words)?;
            words.eat_sign(':');
            let mut numbers = BTreeMap::new();
            for part in words.take_rest().split(',') {
                let (name, value) = number(place, part, "statistics A: all=4, placeholder=1")?;
                if !STATISTICS.contains(&name.as_str()) {
                    return Err(place.fault(format!("\"{name}\" is not counted; {}", instead(&name, STATISTICS))));
                }
                numbers.insert(name, value);
            }
            return Ok(Some(Expected::Statistics { connector, numbers }));
        }
        if words.eat("metaverse") {
            no_children(line)?;
            words.eat_sign(':');
            let types: Vec<&str> = self.metaverse.types().collect();
            return Ok(Some(Expected::Metaverse(types_and_numbers(place, words.take_rest(), &types)?)));
        }
        if words.eat("entries in") {
            no_children(line)?;
            let connector = self.connector(words)?;
            words.eat_sign(':');
            let types: Vec<&str> = self.directory(place, &connector)?.schema.types().collect();
            let numbers = types_and_numbers(place, words.take_rest(), &types)?;
            return Ok(Some(Expected::Entries { connector, numbers }));
        }
        if words.eat("objects in") {
            let connector = self.connector(words)?;
            words.eat("exactly");
            words.end("objects in T exactly")?;
            let mut subjects = Vec::new();
            for child in &line.children {
                no_children(child)?;
                let mut words = Words::new(&child.place, &child.text);
                let found = self.subjects(&mut words)?;
                words.end("u1 and u2")?;
                if let Some(wrong) = found.iter().find(|subject| subject.connector() != Some(&connector)) {
                    return Err(child.place.fault(format!("{wrong} is not in {connector}; write {connector}(...)")));
                }
                subjects.extend(found);
            }
            return Ok(Some(Expected::Objects { connector, subjects }));
        }
        if words.eat("sent nothing") {
            no_children(line)?;
            return Ok(Some(Expected::SentNothing));
        }
        if words.eat("sent") {
            return self.sent(line, words).map(Some);
        }
        Ok(None)
    }

    /// `sent update T(u1)`, with the changes below.
    fn sent(&mut self, line: &Line, words: &mut Words<'_>) -> Result<Expected, ScenarioFault> {
        let operations = [ObjectOperation::DeleteAdd, ObjectOperation::Add, ObjectOperation::Update, ObjectOperation::Delete];
        let operation = operations.into_iter().find(|operation| words.eat(operation.word()));
        let operation =
            operation.ok_or_else(|| line.place.fault("say what was sent: \"sent add T(u1)\", or update, delete, delete-add"))?;
        let subject = self.subject(words)?;
        let Some(connector) = subject.connector().map(str::to_owned) else {
            return Err(line
                .place
                .fault(format!("{subject} is in the metaverse; name the object of the directory, such as T(u1)")));
        };
        words.eat_sign(',');
        let exactly = words.eat("exactly");
        words.end("sent update T(u1), exactly")?;
        let attributes = self.attributes(&line.children, Some(&connector), true)?;
        Ok(Expected::Sent { operation, subject, attributes, exactly })
    }

    /// Lines about one object, several, or a connector.
    fn about_objects(&mut self, line: &Line, words: &mut Words<'_>) -> Result<Expected, ScenarioFault> {
        let place = &line.place;
        if let Some(directory) =
            self.directories.iter().find(|known| line.text.strip_prefix(&known.name).is_some_and(|rest| rest.starts_with(':')))
        {
            let connector = directory.name.clone();
            no_children(line)?;
            words.eat(&connector);
            words.eat_sign(':');
            return required(connector, words);
        }
        let entry = words.eat("entry");
        let subjects = self.subjects(words)?;
        let Some(first) = subjects.first() else { return Err(place.fault("the name of an object is missing, such as u1")) };
        let connector = first.connector().map(str::to_owned);
        if let Some(other) = subjects.iter().find(|subject| subject.connector() != connector.as_deref()) {
            return Err(place.fault(format!("{first} and {other} are in different places; write one line for each")));
        }
        if !words.eat_sign(':') && !words.is_empty() {
            return Err(
                place.fault(format!("\"{}\" follows an object; put a colon between them: \"{first}: connector\"", words.rest()))
            );
        }
        if entry {
            return self.entry_expectation(line, words, subjects, connector.as_deref());
        }
        let said = self.facts(words)?;
        let in_layer = matches!(said.view, Some(View::Layer(_)));
        let attributes = self.attributes(&line.children, connector.as_deref(), in_layer)?;
        if said.facts.is_empty() && attributes.is_empty() && !said.exactly {
            return Err(place.fault(format!("say something of it: \"{first}: connector\", or attributes below")));
        }
        if let Some(wrong) = said.facts.iter().find(|fact| !fits(fact, connector.is_some())) {
            let space = if connector.is_some() { "a connector space" } else { "the metaverse" };
            return Err(place.fault(format!("\"{}\" cannot be said of an object of {space}", fact_words(wrong))));
        }
        Ok(match connector {
            Some(_) => Expected::Object {
                subjects,
                facts: said.facts,
                view: said.view.unwrap_or(View::Expected),
                attributes,
                exactly: said.exactly,
            },
            None if said.view.is_some() => {
                return Err(place.fault(format!(
                    "{first} is in the metaverse, where nothing is pending; say this of an object of a connector space"
                )));
            }
            None => Expected::Identity { subjects, facts: said.facts, attributes, exactly: said.exactly },
        })
    }

    /// `entry T(u1): absent`, or its attributes below.
    fn entry_expectation(
        &mut self,
        line: &Line,
        words: &mut Words<'_>,
        subjects: Vec<Subject>,
        connector: Option<&str>,
    ) -> Result<Expected, ScenarioFault> {
        if connector.is_none() {
            return Err(line.place.fault("the metaverse is no directory; name an object of a directory, such as entry T(u1)"));
        }
        let absent = words.eat("absent");
        let exactly = words.eat("exactly");
        words.eat("present");
        words.end("entry T(u1): absent")?;
        let attributes = self.attributes(&line.children, connector, false)?;
        Ok(Expected::Entry { subjects, absent, attributes, exactly })
    }
}

/// True when a fact can be said of an object there.
fn fits(fact: &Fact, in_connector_space: bool) -> bool {
    match fact {
        Fact::Absent | Fact::Present | Fact::Type(_) | Fact::Is { .. } | Fact::JoinedTo(_) => true,
        Fact::Flag(Flag::ReferenceRetry, _) => true,
        Fact::Flag(Flag::ProvisioningRetry, _) => !in_connector_space,
        Fact::Flag(Flag::RenameRetry | Flag::Rebuild | Flag::Transient | Flag::Disconnected | Flag::Explicit, _)
        | Fact::State(_)
        | Fact::Anchor(_)
        | Fact::Dn(_)
        | Fact::Layer(..)
        | Fact::Error { .. }
        | Fact::LinkedBy { .. } => in_connector_space,
    }
}

/// The beginning of a fact as it is written.
fn fact_words(fact: &Fact) -> &'static str {
    match fact {
        Fact::Absent => "absent",
        Fact::Present => "present",
        Fact::State(state) => state.word(),
        Fact::Type(_) => "type",
        Fact::Anchor(_) => "anchor",
        Fact::Dn(_) => "dn",
        Fact::Layer(layer, _) => layer.words(),
        Fact::Error { side, .. } => side.words(),
        Fact::Flag(flag, _) => flag.words(),
        Fact::LinkedBy { .. } => "linked by",
        Fact::Is { .. } => "is",
        Fact::JoinedTo(_) => "joined to",
    }
}

/// `B: full synchronization required`.
fn required(connector: String, words: &mut Words<'_>) -> Result<Expected, ScenarioFault> {
    let (mut import, mut synchronization) = (None, None);
    loop {
        if words.eat("nothing required") {
            (import, synchronization) = (Some(false), Some(false));
        } else if words.eat("full import required") {
            import = Some(true);
        } else if words.eat("full synchronization required") {
            synchronization = Some(true);
        } else {
            let message = format!(
                "of a connector say \"{connector}: full synchronization required\", \"full import required\" or \"nothing required\""
            );
            return Err(words.place().fault(message));
        }
        if !words.eat_sign(',') {
            words.end("B: full synchronization required")?;
            return Ok(Expected::Required { connector, import, synchronization });
        }
    }
}

/// `name=number`.
fn number(place: &Place, text: &str, example: &str) -> Result<(String, u64), ScenarioFault> {
    let wrong = || place.fault(format!("\"{}\" is no name with its number; write it as: {example}", text.trim()));
    let (name, number) = text.trim().split_once('=').ok_or_else(wrong)?;
    let number = number.trim().parse().ok().ok_or_else(wrong)?;
    Ok((name.trim().to_owned(), number))
}

/// `person=2, group=1`, or `nothing`.
fn types_and_numbers(place: &Place, text: &str, types: &[&str]) -> Result<BTreeMap<String, u64>, ScenarioFault> {
    let mut numbers = BTreeMap::new();
    if text.trim() == "nothing" {
        return Ok(numbers);
    }
    for part in text.split(',') {
        let (name, value) = number(place, part, "metaverse: person=2, group=1")?;
        if !types.contains(&name.as_str()) {
            return Err(place.fault(format!("there is no object type \"{name}\"; {}", instead(&name, types.iter().copied()))));
        }
        if value > 0 {
            numbers.insert(name, value);
        }
    }
    Ok(numbers)
}
