//! The objects that were opened, in order: back and forward, and what was open last.

use super::super::command::Command;

/// Objects remembered.
const MOST: usize = 30;

/// An object that was opened.
#[derive(Clone, Debug, PartialEq)]
struct Visit {
    command: Command,
    name: Option<String>,
}

/// The way through the objects.
#[derive(Debug, Default)]
pub struct Trail {
    visits: Vec<Visit>,
    present: usize,
}

fn is_object(command: &Command) -> bool {
    matches!(command, Command::OpenCsObject(_) | Command::OpenMvObject(_))
}

impl Trail {
    /// An object is opened: what came after the present one is forgotten.
    pub fn note(&mut self, command: &Command) {
        if !is_object(command) || self.visits.get(self.present).is_some_and(|visit| visit.command == *command) {
            return;
        }
        self.visits.truncate(self.present + 1);
        self.visits.push(Visit { command: command.clone(), name: None });
        if self.visits.len() > MOST {
            self.visits.remove(0);
        }
        self.present = self.visits.len() - 1;
    }

    /// The name of an object is known now.
    pub fn name(&mut self, command: &Command, name: Option<&str>) {
        let Some(name) = name.filter(|name| !name.is_empty()) else { return };
        for visit in self.visits.iter_mut().filter(|visit| visit.name.is_none() && visit.command == *command) {
            visit.name = Some(name.to_owned());
        }
    }

    /// The object a step away.
    #[must_use]
    pub fn step(&self, by: isize) -> Option<&Command> {
        let place = self.present.checked_add_signed(by)?;
        self.visits.get(place).map(|visit| &visit.command)
    }

    /// Goes a step; the object that is present then.
    pub fn walk(&mut self, by: isize) -> Option<Command> {
        let command = self.step(by)?.clone();
        self.present = self.present.saturating_add_signed(by);
        Some(command)
    }

    /// The objects opened last, newest first, each once.
    #[must_use]
    pub fn recent(&self) -> Vec<(String, Command)> {
        let mut recent: Vec<(String, Command)> = Vec::new();
        for visit in self.visits.iter().rev() {
            if let Some(name) = &visit.name
                && !recent.iter().any(|(_, known)| *known == visit.command)
            {
                recent.push((name.clone(), visit.command.clone()));
            }
        }
        recent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn object(number: u128) -> Command {
        Command::OpenCsObject(Uuid::from_u128(number))
    }

    #[test]
    fn the_way_leads_back_and_forward_until_something_else_is_opened() {
        let mut trail = Trail::default();
        for number in [1, 2, 3] {
            trail.note(&object(number));
        }
        assert_eq!(trail.walk(1), None);
        assert_eq!(trail.walk(-1), Some(object(2)));
        trail.note(&object(2));
        assert_eq!(trail.step(1), Some(&object(3)), "the present object opened again is no step");
        assert_eq!(trail.walk(-1), Some(object(1)));
        assert_eq!(trail.walk(-1), None);
        trail.note(&object(4));
        assert_eq!((trail.step(1), trail.step(-1)), (None, Some(&object(1))));
    }

    #[test]
    fn recent_objects_have_names_and_come_once() {
        let mut trail = Trail::default();
        for number in [1, 2, 1, 3] {
            trail.note(&object(number));
        }
        trail.name(&object(1), Some("Ada"));
        trail.name(&object(2), Some("Bo"));
        trail.name(&object(3), Some(""));
        assert_eq!(trail.recent(), [("Ada".to_owned(), object(1)), ("Bo".to_owned(), object(2))]);
    }
}
