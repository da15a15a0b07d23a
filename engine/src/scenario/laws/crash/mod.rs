//! The crash test: the program is killed in the middle of imports, synchronizations and exports, started again, killed
//! again, until it is done; what it leaves is what an undisturbed program leaves.
//!
//! The program is a process of its own (`victim`, started by `program`) on a data folder, with two forests in files and
//! the sandbox tenant over HTTP (`place`). It asks, from the moment at which it opens the folder, before every row that it writes and before every commit whether it may go on, and so does every
//! piece of data between it and the tenant (`gate`, `wire`). The one who asked for the chosen time gets no answer: the
//! process is ended with SIGKILL at exactly that place. Nothing depends on time.

mod forest;
mod gate;
mod opening;
mod place;
mod program;
mod victim;
mod wire;

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{CASES, SEED, number};
use forest::Forests;
use place::{Death, Place};
use program::{Ending, Task};

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
    let (mut worlds, mut phases, mut imports_first) = (0, 0, 0);
    while tally.values().sum::<u32>() < kills {
        worlds += 1;
        let (twin, place) = (Place::new("twin"), Place::new("killed"));
        let mut forests = Forests::default();
        for phase in 0..PHASES {
            if tally.values().sum::<u32>() >= kills {
                break;
            }
            forests.change(&mut random);
            twin.write(&forests);
            place.write(&forests);
            let lengths = twin.undisturbed();
            let mut task = Task::from(0);
            let mut deaths = Vec::new();
            loop {
                // Up to twice the length of the run that is next, so that about every second attempt gets beyond it.
                let length = lengths.get(task.from).copied().unwrap_or(1);
                let death = match random.random_range(0..10) {
                    0..3 => Death::Remote(random.random_range(1..=4)),
                    // A death leaves something to recover when the folder is opened.
                    3..5 if !deaths.is_empty() => Death::Opening(random.random_range(2..=6)),
                    _ => Death::Step(random.random_range(1..=2 * length)),
                };
                match place.killed_at(task, death) {
                    Ending::Done => break,
                    Ending::Killed { run, at } => {
                        // What a killed export has sent comes back before the rest is sent, or after it.
                        let import_first = at.starts_with("export") && random.random_bool(0.5);
                        imports_first += u32::from(import_first);
                        deaths.push(format!("run {run}, {at}{}", if import_first { ", then an import" } else { "" }));
                        *tally.entry(at).or_default() += 1;
                        task = Task { from: run, import_first };
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
    println!("{total} kills in {phases} phases of {worlds} worlds, {imports_first} imports after exports: {tally:?}");
    assert!(imports_first >= total / 40, "{imports_first} imports came after killed exports");
    for part in ["open", "import", "synchronization", "export"] {
        let hit: u32 = tally.iter().filter(|(at, _)| at.starts_with(part)).map(|(_, kills)| kills).sum();
        assert!(hit >= total / 20, "{part} was hit {hit} times of {total}");
    }
}
