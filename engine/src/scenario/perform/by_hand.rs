//! Joining and disconnecting as an administrator does, with the refusals of the facade.

use super::End;
use crate::scenario::check::Told;
use crate::scenario::model::{REFUSED, Subject};
use crate::scenario::world::{ScenarioError, Sight, World};
use crate::step::StepStatus;
use crate::sync::ByHand;
use crate::sync::preview::decide_by_hand;

/// Joins an object of a connector space to a metaverse object.
pub(super) fn join(world: &World, subject: &Subject, identity: &Subject, told: &mut Told) -> End {
    let found = Sight::new(world, None)?.identity(identity)?;
    let refusal = match found {
        Some(mv) => decide(world, subject, ByHand::Join(mv.id))?,
        None => Some(format!("{identity} is absent")),
    };
    tell(told, refusal)
}

/// Takes its metaverse object away from an object.
pub(super) fn disconnect(world: &World, subject: &Subject, for_good: bool, told: &mut Told) -> End {
    let refusal = decide(world, subject, ByHand::Disconnect { explicit: for_good })?;
    tell(told, refusal)
}

/// Does it, or says why not.
fn decide(world: &World, subject: &Subject, decision: ByHand) -> Result<Option<String>, ScenarioError> {
    let Some(object) = Sight::new(world, None)?.object(subject)? else { return Ok(Some(format!("{subject} is absent"))) };
    if let Some(reason) = decision.refusal(&object) {
        return Ok(Some(format!("{subject} {reason}")));
    }
    let error = decide_by_hand(&world.environment(), object.id, decision)?.error;
    Ok(error.map(|error| format!("{}: {}", error.code, error.message)))
}

fn tell(told: &mut Told, refusal: Option<String>) -> End {
    let status = if refusal.is_some() { REFUSED } else { StepStatus::SUCCESS.0 };
    told.status = Some(status.to_owned());
    told.messages.extend(refusal);
    Ok(None)
}
