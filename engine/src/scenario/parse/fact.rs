//! Facts about one object, and what its attributes must hold.

use super::Parser;
use crate::model::ObjectOperation;
use crate::rules::LinkType;
use crate::scenario::model::{AttributeExpectation, ErrorSpec, Fact, Flag, Layer, LinkState, Side, View, Wanted};
use crate::scenario::text::{Line, Place, ScenarioFault, Words};

const OPERATIONS: [ObjectOperation; 4] =
    [ObjectOperation::Add, ObjectOperation::Update, ObjectOperation::Delete, ObjectOperation::DeleteAdd];
const ACTIONS: [LinkType; 4] = [LinkType::Provision, LinkType::Join, LinkType::StickyJoin, LinkType::JoinNoFlow];

/// What is said of an object on one line.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub facts: Vec<Fact>,
    /// Where its attributes are looked up, when that is said.
    pub view: Option<View>,
    /// No other attributes are there.
    pub exactly: bool,
}

impl Parser {
    /// Facts, separated by commas.
    pub(super) fn facts(&mut self, words: &mut Words<'_>) -> Result<Said, ScenarioFault> {
        let mut said = Said::default();
        if words.is_empty() {
            return Ok(said);
        }
        loop {
            self.fact(words, &mut said)?;
            if !words.eat_sign(',') {
                words.end("T(u1): connector, pending export update")?;
                return Ok(said);
            }
        }
    }

    fn fact(&mut self, words: &mut Words<'_>, said: &mut Said) -> Result<(), ScenarioFault> {
        let place = words.place();
        if words.eat("exactly") {
            said.exactly = true;
            return Ok(());
        }
        let view = if words.eat("hologram") {
            Some(View::Hologram)
        } else if words.eat("expected") {
            Some(View::Expected)
        } else {
            None
        };
        if let Some(view) = view {
            return said.look_in(place, view);
        }
        if words.eat("nothing pending") {
            said.facts.extend(Layer::ALL.map(|layer| Fact::Layer(layer, None)));
            return Ok(());
        }
        for layer in Layer::ALL {
            if words.eat(&format!("no {}", layer.words())) {
                said.facts.push(Fact::Layer(layer, None));
                return Ok(());
            }
            if words.eat(layer.words()) {
                let operation = OPERATIONS.into_iter().rev().find(|operation| words.eat(operation.word()));
                let operation = operation.ok_or_else(|| {
                    place.fault(format!("say which: {} add, update, delete or delete-add; or no {0}", layer.words()))
                })?;
                said.facts.push(Fact::Layer(layer, Some(operation)));
                return said.look_in(place, View::Layer(layer));
            }
        }
        let fact = self.simple_fact(words)?;
        said.facts.push(fact);
        Ok(())
    }

    fn simple_fact(&mut self, words: &mut Words<'_>) -> Result<Fact, ScenarioFault> {
        let place = words.place();
        for side in [Side::Import, Side::Export] {
            if words.eat(&format!("no {}", side.words())) {
                return Ok(Fact::Error { side, error: None });
            }
            if words.eat(side.words()) {
                return Ok(Fact::Error { side, error: Some(error(words)?) });
            }
        }
        for flag in Flag::ALL {
            if words.eat(&format!("no {}", flag.words())) || words.eat(&format!("not {}", flag.words())) {
                return Ok(Fact::Flag(flag, false));
            }
            if words.eat(flag.words()) {
                return Ok(Fact::Flag(flag, true));
            }
        }
        if let Some(state) = LinkState::ALL.into_iter().find(|state| words.eat(state.word())) {
            return Ok(Fact::State(state));
        }
        let missing = |what: &str| place.fault(format!("{what} is missing"));
        Ok(if words.eat("absent") {
            Fact::Absent
        } else if words.eat("present") {
            Fact::Present
        } else if words.eat("type") {
            Fact::Type(words.text()?.ok_or_else(|| missing("the object type"))?)
        } else if words.eat("no anchor") {
            Fact::Anchor(None)
        } else if words.eat("anchor") {
            Fact::Anchor(Some(words.text()?.ok_or_else(|| missing("the anchor"))?))
        } else if words.eat("dn") {
            if !words.rest().starts_with('"') {
                return Err(place.fault("put the name in quotation marks: dn \"CN=Ada,DC=contoso,DC=com\""));
            }
            let text = words.quoted()?;
            Fact::Dn(self.dn(place, &text)?)
        } else if words.eat("not linked by") {
            Fact::LinkedBy { rule: self.rule(words)?, action: None, linked: false }
        } else if words.eat("linked by") {
            let rule = self.rule(words)?;
            let action = ACTIONS.into_iter().find(|action| words.eat(action.label()));
            Fact::LinkedBy { rule, action, linked: true }
        } else if words.eat("is not") {
            Fact::Is { name: self.remembered(words)?, same: false }
        } else if words.eat("is") {
            Fact::Is { name: self.remembered(words)?, same: true }
        } else if words.eat("joined to") {
            Fact::JoinedTo(self.subjects(words)?)
        } else {
            return Err(place.fault(format!(
                "\"{}\" is nothing that can be said of an object; say for example connector, pending export update, no anchor, linked by 12; docs/scenarios.md lists all",
                words.rest()
            )));
        })
    }

    fn remembered(&self, words: &mut Words<'_>) -> Result<String, ScenarioFault> {
        let place = words.place();
        let name = words.word().unwrap_or_default();
        match self.names.get(name) {
            Some(super::Named::RememberedObject { .. } | super::Named::RememberedIdentity) => Ok(name.to_owned()),
            Some(super::Named::Object { .. }) | None => {
                Err(place.fault(format!("\"{name}\" was not remembered; put \"remember MV(u1) as {name}\" before")))
            }
        }
    }

    /// Lines such as `department by 22 = R&D` below an object.
    pub(super) fn attributes(
        &mut self,
        lines: &[Line],
        connector: Option<&str>,
        in_layer: bool,
    ) -> Result<Vec<AttributeExpectation>, ScenarioFault> {
        let mut attributes: Vec<AttributeExpectation> = Vec::new();
        for line in lines {
            super::no_children(line)?;
            let read = self.attribute_expectation(line, connector, in_layer)?;
            // `member + a` and `member - b` on two lines are one change.
            if let Wanted::Change { adds, deletes } = &read.wanted
                && let Some(known) = attributes.iter_mut().find(|known| known.attribute == read.attribute)
                && let Wanted::Change { adds: known_adds, deletes: known_deletes } = &mut known.wanted
            {
                known_adds.extend(adds.iter().cloned());
                known_deletes.extend(deletes.iter().cloned());
                continue;
            }
            attributes.push(read);
        }
        Ok(attributes)
    }

    fn attribute_expectation(
        &mut self,
        line: &Line,
        connector: Option<&str>,
        in_layer: bool,
    ) -> Result<AttributeExpectation, ScenarioFault> {
        let place = &line.place;
        let (name, rest) = line.text.split_once(' ').unwrap_or((&line.text, ""));
        let attribute = self.attribute(place, connector, None, name)?;
        let mut words = Words::new(place, rest);
        let rule = if words.eat("by") { Some(self.rule(&mut words)?) } else { None };
        let from = if words.eat("from") { Some(self.subject(&mut words)?) } else { None };
        if connector.is_some() && (rule.is_some() || from.is_some()) {
            return Err(place.fault("only metaverse attributes remember their rule; leave out \"by\" and \"from\""));
        }
        let mut values = |text: &str| self.values(place, connector, &attribute, text);
        let wanted = if let Some(text) = words.rest().strip_prefix("= ") {
            Wanted::Values(values(text)?)
        } else if words.eat("count") {
            let number = words.number("the number of values")?;
            words.end("member count 50000")?;
            Wanted::Count(number)
        } else if words.rest() == if in_layer { "deleted" } else { "absent" } {
            Wanted::Values(Vec::new())
        } else if let Some(text) = words.rest().strip_prefix("+ ").filter(|_| in_layer) {
            Wanted::Change { adds: values(text)?, deletes: Vec::new() }
        } else if let Some(text) = words.rest().strip_prefix("- ").filter(|_| in_layer) {
            Wanted::Change { adds: Vec::new(), deletes: values(text)? }
        } else if in_layer {
            return Err(place.fault(format!(
                "write \"{name} = value\", \"{name} deleted\", \"{name} + value\" or \"{name} - value\" for a change"
            )));
        } else {
            return Err(place.fault(format!("write \"{name} = value\", \"{name} absent\" or \"{name} count 3\"")));
        };
        Ok(AttributeExpectation { place: place.clone(), attribute: attribute.name, rule, from, wanted })
    }
}

impl Said {
    fn look_in(&mut self, place: &Place, view: View) -> Result<(), ScenarioFault> {
        match self.view {
            None => {
                self.view = Some(view);
                Ok(())
            }
            Some(known) => Err(place.fault(format!(
                "the line speaks of {} and of {}; write one line for each, so that it is clear where attributes are looked up",
                known.words(),
                view.words()
            ))),
        }
    }
}

/// `CODE retried 1 since 10:00 saying "text"`.
fn error(words: &mut Words<'_>) -> Result<ErrorSpec, ScenarioFault> {
    let place = words.place();
    let code =
        words.text()?.ok_or_else(|| place.fault("the code of the error is missing, such as AttributeValueMustBeUnique"))?;
    let mut error = ErrorSpec { code, retried: None, since: None, saying: None };
    if words.eat("retried") {
        error.retried = Some(words.number("the number of times it was tried again")?);
    }
    if words.eat("since") {
        let wrong = || place.fault("write the time as 10:00; a scenario begins at 10:00");
        let hours = words.number("a time such as 10:30")?;
        if !words.eat_sign(':') {
            return Err(wrong());
        }
        let minutes = words.number("a time such as 10:30")?;
        error.since = Some(hours.checked_mul(60).and_then(|hours| hours.checked_add(minutes)).ok_or_else(wrong)?);
    }
    if words.eat("saying") {
        error.saying = Some(words.quoted_or_fault()?);
    }
    Ok(error)
}
