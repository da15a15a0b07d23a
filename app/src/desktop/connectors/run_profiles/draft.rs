//! Run profiles while they are being changed: numbers are texts until they can be read.

use syncline_engine::service::{
    LogFileUsage, LogFileView, RunProfileChange, RunProfileStepView, RunProfileView, StepField, profile_name_fault, step_faults,
    step_imports,
};

/// A field of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// One that the engine judges.
    Step(StepField),
    /// Objects after which the step ends.
    Objects,
    /// Deletions after which the step ends.
    Deletions,
}

/// A step while it is being changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepDraft {
    /// What it does, as shown.
    pub step_type: String,
    /// Its partition.
    pub partition: String,
    /// Objects per batch.
    pub batch_size: String,
    /// Objects asked for at a time.
    pub page_size: String,
    /// Seconds to wait for one answer.
    pub timeout: String,
    /// It ends after a number of objects.
    pub limits_objects: bool,
    /// That number.
    pub objects: String,
    /// It ends after a number of deletions.
    pub limits_deletions: bool,
    /// That number.
    pub deletions: String,
    /// What happens with a log file; none without one.
    pub log_file: Option<LogFileUsage>,
    /// Its name.
    pub log_name: String,
}

impl StepDraft {
    /// A step as it is stored.
    #[must_use]
    pub fn new(step: &RunProfileStepView) -> Self {
        let limit = |number: u64| if number == 0 { String::new() } else { number.to_string() };
        Self {
            step_type: step.step_type.clone(),
            partition: step.partition.clone(),
            batch_size: step.batch_size.to_string(),
            page_size: step.page_size.to_string(),
            timeout: step.timeout_secs.to_string(),
            limits_objects: step.object_limit > 0,
            objects: limit(step.object_limit),
            limits_deletions: step.deletion_limit > 0,
            deletions: limit(step.deletion_limit),
            log_file: step.log_file.as_ref().map(|log| log.usage),
            log_name: step.log_file.as_ref().map(|log| log.name.clone()).unwrap_or_default(),
        }
    }

    /// True when the step exports.
    #[must_use]
    pub fn exports(&self) -> bool {
        self.step_type == "Export"
    }

    /// The step, as far as it can be read.
    #[must_use]
    pub fn view(&self) -> RunProfileStepView {
        let limit = |wanted: bool, text: &str| if wanted { text.trim().parse().unwrap_or(0) } else { 0 };
        let log = |usage| LogFileView { name: self.log_name.trim().to_owned(), usage };
        RunProfileStepView {
            step_type: self.step_type.clone(),
            partition: self.partition.clone(),
            batch_size: self.batch_size.trim().parse().unwrap_or(0),
            page_size: self.page_size.trim().parse().unwrap_or(0),
            timeout_secs: self.timeout.trim().parse().unwrap_or(0),
            object_limit: limit(self.limits_objects, &self.objects),
            deletion_limit: limit(self.limits_deletions, &self.deletions),
            log_file: self.log_file.filter(|_| step_imports(&self.step_type)).map(log),
        }
    }

    /// Everything that is wrong with it.
    #[must_use]
    pub fn faults(&self, partitions: &[String]) -> Vec<(Field, String)> {
        let mut faults = Vec::new();
        for (field, text, bounds) in [
            (StepField::BatchSize, &self.batch_size, "0 to 999999"),
            (StepField::PageSize, &self.page_size, "1 to 5000"),
            (StepField::Timeout, &self.timeout, "0 to 86400"),
        ] {
            if text.trim().parse::<u32>().is_err() {
                faults.push((Field::Step(field), format!("Enter a whole number from {bounds}")));
            }
        }
        for (field, wanted, text) in
            [(Field::Objects, self.limits_objects, &self.objects), (Field::Deletions, self.limits_deletions, &self.deletions)]
        {
            if wanted && !text.trim().parse::<u64>().is_ok_and(|number| number > 0) {
                faults.push((field, "Enter a whole number of at least 1".to_owned()));
            }
        }
        for (field, message) in step_faults(&self.view(), partitions) {
            let field = Field::Step(field);
            if !faults.iter().any(|(known, _)| *known == field) {
                faults.push((field, capital(&message)));
            }
        }
        faults
    }
}

/// A message as a sentence begins.
fn capital(message: &str) -> String {
    let mut letters = message.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// A profile while it is being changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileDraft {
    /// Tells it from others, whatever its name.
    pub number: u64,
    /// The stored profile that it takes the place of.
    pub replaces: Option<String>,
    /// Name.
    pub name: String,
    /// Steps in order.
    pub steps: Vec<StepDraft>,
}

/// All profiles of a connector while they are being changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfilesDraft {
    /// The profiles in order.
    pub profiles: Vec<ProfileDraft>,
    given: u64,
}

impl ProfilesDraft {
    /// Profiles as they are stored.
    #[must_use]
    pub fn new(profiles: &[RunProfileView]) -> Self {
        let mut draft = Self::default();
        for profile in profiles {
            draft.add(Some(profile.name.clone()), &profile.name, profile.steps.iter().map(StepDraft::new).collect());
        }
        draft
    }

    /// Adds a profile at the end; gives its number.
    pub fn add(&mut self, replaces: Option<String>, name: &str, steps: Vec<StepDraft>) -> u64 {
        self.given += 1;
        self.profiles.push(ProfileDraft { number: self.given, replaces, name: name.trim().to_owned(), steps });
        self.given
    }

    /// The profile of a number.
    #[must_use]
    pub fn profile(&self, number: u64) -> Option<&ProfileDraft> {
        self.profiles.iter().find(|profile| profile.number == number)
    }

    /// The profile of a number, to change it.
    pub fn profile_mut(&mut self, number: u64) -> Option<&mut ProfileDraft> {
        self.profiles.iter_mut().find(|profile| profile.number == number)
    }

    /// Why a name cannot be given to a profile, or to a new one.
    #[must_use]
    pub fn name_fault(&self, name: &str, profile: Option<u64>) -> Option<String> {
        let others = self.profiles.iter().filter(|other| Some(other.number) != profile);
        let others: Vec<&str> = others.map(|other| other.name.as_str()).collect();
        profile_name_fault(name, &others).map(|fault| capital(&fault))
    }

    /// What the engine is asked to store.
    #[must_use]
    pub fn changes(&self) -> Vec<RunProfileChange> {
        let change = |profile: &ProfileDraft| RunProfileChange {
            replaces: profile.replaces.clone(),
            profile: RunProfileView { name: profile.name.clone(), steps: profile.steps.iter().map(StepDraft::view).collect() },
        };
        self.profiles.iter().map(change).collect()
    }

    /// True when there is something to store.
    #[must_use]
    pub fn differs(&self, stored: &[RunProfileView]) -> bool {
        let profiles: Vec<RunProfileView> = self.changes().into_iter().map(|change| change.profile).collect();
        profiles != stored
    }

    /// The first thing that keeps the profiles from being stored.
    #[must_use]
    pub fn first_fault(&self, partitions: &[String]) -> Option<String> {
        self.profiles.iter().find_map(|profile| {
            let step = profile.steps.iter().enumerate().find_map(|(place, step)| {
                let (_, message) = step.faults(partitions).into_iter().next()?;
                Some(format!("{}, step {}: {message}", profile.name, place + 1))
            });
            self.name_fault(&profile.name, Some(profile.number)).or(step)
        })
    }

    /// Types of steps that cycles look for and no profile begins with.
    #[must_use]
    pub fn missing_for_cycles(&self) -> Vec<&'static str> {
        let begins = |step_type: &str| {
            self.profiles.iter().any(|profile| profile.steps.first().is_some_and(|step| step.step_type == step_type))
        };
        let needed =
            ["Full Import (Stage Only)", "Delta Import (Stage Only)", "Full Synchronization", "Delta Synchronization", "Export"];
        needed.into_iter().filter(|step_type| !begins(step_type)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "DC=x";

    fn step(step_type: &str) -> RunProfileStepView {
        syncline_engine::service::shipped_step(step_type, ROOT).unwrap()
    }

    #[test]
    fn every_field_says_what_is_wrong_with_it() {
        let check = |change: fn(&mut StepDraft), expected: &[(Field, &str)]| {
            let mut draft = StepDraft::new(&step("Full Import (Stage Only)"));
            change(&mut draft);
            let found = draft.faults(&[ROOT.to_owned()]);
            let found: Vec<(Field, &str)> = found.iter().map(|(field, message)| (*field, message.as_str())).collect();
            assert_eq!(found, expected);
        };
        check(|_| (), &[]);
        check(
            |step| step.batch_size = "many".into(),
            &[(Field::Step(StepField::BatchSize), "Enter a whole number from 0 to 999999")],
        );
        check(
            |step| step.page_size = "5001".into(),
            &[(Field::Step(StepField::PageSize), "Page size 5001 is out of range; choose 1 to 5000")],
        );
        check(|step| step.limits_objects = true, &[(Field::Objects, "Enter a whole number of at least 1")]);
        check(
            |step| step.partition = "DC=y".into(),
            &[(Field::Step(StepField::Partition), "The connector has no partition DC=y; its selected partitions: DC=x")],
        );
        check(
            |step| {
                step.log_file = Some(LogFileUsage::Create);
                step.log_name = "../x".into();
            },
            &[(
                Field::Step(StepField::LogFile),
                "\"../x\" cannot name a log file; take letters, digits, '.', '-' and '_', and no folder",
            )],
        );
    }

    #[test]
    fn what_was_not_changed_is_not_different() {
        let stored = vec![RunProfileView {
            name: "Import".into(),
            steps: vec![RunProfileStepView { object_limit: 7, ..step("Full Import (Stage Only)") }],
        }];
        let mut draft = ProfilesDraft::new(&stored);
        assert!(!draft.differs(&stored));
        draft.profiles[0].steps[0].objects = "8".into();
        assert!(draft.differs(&stored));
        assert_eq!(draft.changes()[0].replaces.as_deref(), Some("Import"));
    }

    #[test]
    fn names_are_there_once_whatever_their_case() {
        let draft = ProfilesDraft::new(&[RunProfileView { name: "Export".into(), steps: vec![step("Export")] }]);
        let check =
            |name: &str, profile, expected: Option<&str>| assert_eq!(draft.name_fault(name, profile).as_deref(), expected);
        check("Export", None, Some("A run profile named \"Export\" already exists"));
        check(" EXPORT ", None, Some("A run profile named \"Export\" already exists"));
        check("Export", Some(1), None);
        check(" ", None, Some("\"\" cannot name a run profile; take 1 to 256 characters"));
        assert_eq!(draft.missing_for_cycles().len(), 4);
    }
}
