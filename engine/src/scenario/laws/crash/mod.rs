//! The crash test: the program is killed in the middle of imports, synchronizations and exports, started again, killed
//! again, until it is done; what it leaves is what an undisturbed program leaves.
//!
//! The program is a process of its own (`victim`) on a data folder, with two forests in files and the sandbox tenant
//! over HTTP. It asks before every row that it writes and before every commit whether it may go on, and so does every
//! piece of data between it and the tenant (`gate`, `wire`). The one who asked for the chosen time gets no answer: the
//! process is ended with SIGKILL at exactly that place. Nothing depends on time.

mod forest;
mod gate;
mod place;
mod victim;
mod wire;

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{CASES, SEED, number};
use forest::Forests;
use place::{Death, Ending, Place};

/// Deaths of a test run.
const KILLS: u32 = 200;
/// Changes of the forests after which a new world begins.
const PHASES: u32 = 4;

#[test]
fn a_killed_program_comes_to_the_same_end() {
    let kills = number(CASES).map_or(KILLS, |cases| u32::try_from(cases).unwrap().max(KILLS));
    let seed = number(SEED).unwrap_or(1);
    let mut random = StdRng::seed_from_u64(seed);
    let mut tally: BTreeMap<String, u32> = BTreeMap::new();
    let (mut worlds, mut phases) = (0, 0);
    while tally.values().sum::<u32>() < kills {
        worlds += 1;
        let (mut twin, mut place) = (Place::new("twin"), Place::new("killed"));
        let mut forests = Forests::default();
        for phase in 0..PHASES {
            if tally.values().sum::<u32>() >= kills {
                break;
            }
            forests.change(&mut random);
            twin.write(&forests);
            place.write(&forests);
            let lengths = twin.undisturbed();
            let mut from = 0;
            let mut deaths = Vec::new();
            loop {
                // Up to twice the length of the run that is next, so that about every second attempt gets beyond it.
                let length = lengths.get(from).copied().unwrap_or(1);
                let death = match random.random_bool(0.3) {
                    true => Death::Remote(random.random_range(1..=4)),
                    false => Death::Step(random.random_range(1..=2 * length)),
                };
                match place.killed_at(from, death) {
                    Ending::Done => break,
                    Ending::Killed { run, at } => {
                        deaths.push(format!("run {run}, {at}"));
                        *tally.entry(at).or_default() += 1;
                        from = run;
                    }
                }
            }
            phases += 1;
            let (expected, found) = (twin.outcome(), place.outcome());
            assert!(expected.len() > 10, "{expected:#?}");
            for (expected, found) in expected.iter().zip(&found) {
                assert_eq!(expected, found, "world {worlds}, phase {phase} ({SEED}={seed}), killed in: {deaths:#?}\n{forests}");
            }
            assert_eq!(expected.len(), found.len(), "world {worlds}, phase {phase} ({SEED}={seed}): {expected:#?}\n{found:#?}");
        }
    }
    let total: u32 = tally.values().sum();
    println!("{total} kills in {phases} phases of {worlds} worlds: {tally:?}");
    for part in ["import", "synchronization", "export"] {
        let hit: u32 = tally.iter().filter(|(at, _)| at.starts_with(part)).map(|(_, kills)| kills).sum();
        assert!(hit >= total / 20, "{part} was hit {hit} times of {total}");
    }
}
