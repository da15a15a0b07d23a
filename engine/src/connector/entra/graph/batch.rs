//! Many requests in few: `$batch` of twenty, several on their way at a time, each item until it has its answer.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rand::Rng as _;
use serde_json::{Value, json};

use super::super::client::TenantClient;
use super::super::settings::WriteBudget;
use super::super::transport::{Fault, Reply, is_busy};
use crate::connector::{CancelToken, ConnectorError, ConnectorErrorKind};

/// Requests of one batch.
pub const BATCH: usize = 20;
/// Batches on their way at a time.
pub const WIDTH: usize = 8;
/// How often an item is tried again after a passing failure.
pub const RETRIES: u32 = 8;
/// How often an item is tried again when others wrote the same object meanwhile.
const COLLISIONS: u32 = 3;
/// Longest wait that nobody asked for, in seconds.
const MOST_GROWN: u64 = 60;
/// Share of a limit from which on less is sent at a time.
const SLOW_FROM: f64 = 0.8;

/// One request of a batch.
#[derive(Clone, Debug)]
pub struct Item {
    /// HTTP method.
    pub method: &'static str,
    /// Path below the version, with its query.
    pub url: String,
    /// Body, for those that have one.
    pub body: Option<Value>,
    /// Sent twice it could be done twice: when its answer is lost, somebody has to look first.
    pub once: bool,
}

impl Item {
    /// A read.
    pub fn get(url: impl Into<String>) -> Self {
        Self { method: "GET", url: url.into(), body: None, once: false }
    }

    /// A write that can be sent again.
    pub fn write(method: &'static str, url: impl Into<String>, body: Option<Value>) -> Self {
        Self { method, url: url.into(), body, once: false }
    }

    /// A write that makes something new.
    pub fn create(url: impl Into<String>, body: Value) -> Self {
        Self { method: "POST", url: url.into(), body: Some(body), once: true }
    }

    fn writes(&self) -> bool {
        self.method != "GET"
    }
}

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body; null when there is none.
    pub body: Value,
    /// The service's name for the request.
    pub request_id: Option<String>,
}

impl Answer {
    /// True when the request was done.
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Code and text of a refusal.
    pub fn fault(&self) -> Fault {
        Fault::of(&self.body)
    }
}

/// What became of one request.
#[derive(Debug)]
pub enum Outcome {
    /// It was answered.
    Answered(Answer),
    /// The connection broke before its answer; whether it was done is not known.
    Lost(String),
    /// It was not done; the service stayed busy, or a stop was asked for.
    Busy(String),
}

/// Writes that are left until the tenant would make the application wait.
#[derive(Debug)]
struct Bucket {
    budget: WriteBudget,
    left: f64,
    at: Timestamp,
}

impl Bucket {
    fn rate(&self) -> f64 {
        f64::from(self.budget.writes) / f64::from(self.budget.seconds.max(1))
    }

    fn fill(&mut self, now: Timestamp) {
        // A time that lies before counts nothing, and must not make the same seconds count again.
        if now <= self.at {
            return;
        }
        let seconds = now.duration_since(self.at).as_secs_f64();
        self.left = (self.left + seconds * self.rate()).min(f64::from(self.budget.writes));
        self.at = now;
    }

    /// How long until so many writes are left.
    fn until(&self, writes: f64) -> Duration {
        Duration::from_secs_f64(((writes.min(f64::from(self.budget.writes)) - self.left) / self.rate()).max(0.0))
    }
}

/// Sends batches and remembers how much the tenant takes.
#[derive(Debug)]
pub struct Batches {
    bucket: Option<Bucket>,
    /// Batches on their way at a time, less while the tenant tells that a limit is near.
    width: usize,
}

/// An item that has no answer yet.
#[derive(Debug, Default)]
struct Open {
    tries: u32,
    collisions: u32,
    /// It is not sent before this time.
    not_before: Option<Timestamp>,
    /// Why it was not done the last time.
    said: String,
}

/// What a round of batches taught.
#[derive(Debug, Default)]
struct Round {
    /// Everybody waits so long.
    pause: Option<Duration>,
    token_refused: bool,
    fatal: Option<ConnectorError>,
}

impl Batches {
    /// Batches within a budget of writes.
    pub fn new(budget: Option<WriteBudget>, now: Timestamp) -> Self {
        let bucket = budget.map(|budget| Bucket { budget, left: f64::from(budget.writes), at: now });
        Self { bucket, width: WIDTH }
    }

    /// Sends all items and gives what became of each. They may be done in any order.
    ///
    /// # Errors
    /// [`ConnectorError`] when nothing was sent: the application cannot sign in, or the tenant was never reached.
    pub fn run(
        &mut self,
        client: &mut TenantClient,
        items: &[Item],
        cancel: &CancelToken,
    ) -> Result<Vec<Outcome>, ConnectorError> {
        let mut outcomes: Vec<Option<Outcome>> = Vec::new();
        outcomes.resize_with(items.len(), || None);
        let mut open: BTreeMap<usize, Open> = (0..items.len()).map(|place| (place, Open::default())).collect();
        let (mut rounds, mut renewed) = (0, false);
        while !open.is_empty() {
            if cancel.is_cancelled() {
                break;
            }
            self.await_turn(client, &open, cancel);
            let sent = self.batches(client, items, &open, cancel);
            let before = open.len();
            let round = match self.round(client, items, &sent, &mut open, &mut outcomes, cancel) {
                Ok(round) => round,
                Err(error) if rounds == 0 => return Err(error),
                // Something was done already; what is open stays open for another time.
                Err(error) => Round { fatal: Some(error), ..Round::default() },
            };
            rounds += 1;
            if let Some(error) = round.fatal {
                if outcomes.iter().all(Option::is_none) {
                    return Err(error);
                }
                for (place, _) in std::mem::take(&mut open) {
                    set(&mut outcomes, place, Outcome::Busy(error.message.clone()));
                }
            }
            if round.token_refused {
                // A token that is as good as new and opens nothing.
                if renewed && open.len() == before {
                    let message = format!("{} does not accept the sign-in", client.server());
                    let error = ConnectorError::new(ConnectorErrorKind::Credentials, message).server(client.server());
                    if outcomes.iter().all(Option::is_none) {
                        return Err(error);
                    }
                    break;
                }
                client.renew();
            }
            renewed = round.token_refused;
            if let Some(pause) = round.pause.filter(|_| !open.is_empty()) {
                tracing::warn!(seconds = pause.as_secs(), open = open.len(), "the tenant asks to wait");
                let said = open.values().map(|item| item.said.as_str()).find(|said| !said.is_empty());
                client.note(said.unwrap_or("the tenant asks to wait"), pause);
                self.sleep(client, pause, cancel);
                open.values_mut().for_each(|item| item.not_before = None);
            }
        }
        let rest = |place: usize, open: &BTreeMap<usize, Open>| {
            let said = open.get(&place).map(|item| item.said.clone()).unwrap_or_default();
            Outcome::Busy(if said.is_empty() { "it was not sent".to_owned() } else { said })
        };
        Ok(outcomes.into_iter().enumerate().map(|(place, outcome)| outcome.unwrap_or_else(|| rest(place, &open))).collect())
    }

    /// Waits until an open item may be sent and the budget has room for it.
    fn await_turn(&mut self, client: &TenantClient, open: &BTreeMap<usize, Open>, cancel: &CancelToken) {
        let now = client.now();
        let waits = |item: &Open| item.not_before.map_or(Duration::ZERO, |time| until(now, time));
        if let Some(wait) = open.values().map(waits).min().filter(|wait| !wait.is_zero()) {
            self.sleep(client, wait, cancel);
        }
    }

    fn sleep(&mut self, client: &TenantClient, time: Duration, cancel: &CancelToken) {
        let before = client.now();
        client.clock().wait(time, &|| cancel.is_cancelled());
        // A clock that stands still counts the wait as done.
        if client.now() == before
            && let Some(bucket) = &mut self.bucket
        {
            bucket.left = (bucket.left + time.as_secs_f64() * bucket.rate()).min(f64::from(bucket.budget.writes));
        }
    }

    /// The batches to send now: open items that need not wait, as many as the budget has room for.
    fn batches(
        &mut self,
        client: &TenantClient,
        items: &[Item],
        open: &BTreeMap<usize, Open>,
        cancel: &CancelToken,
    ) -> Vec<Vec<usize>> {
        let now = client.now();
        // The items that wait least are due even by a clock that stood still while they waited.
        let earliest = open.values().map(|item| item.not_before).min().flatten();
        let due = |item: &Open| item.not_before.is_none_or(|time| time <= now || Some(time) == earliest);
        let due: Vec<usize> = open.iter().filter(|(_, item)| due(item)).map(|(place, _)| *place).collect();
        let mut batches: Vec<Vec<usize>> = Vec::new();
        for batch in due.chunks(BATCH) {
            let writes = batch.iter().filter_map(|place| items.get(*place)).filter(|item| item.writes()).count() as f64;
            if let Some(bucket) = &mut self.bucket {
                bucket.fill(now);
                if bucket.left < writes {
                    if !batches.is_empty() {
                        break;
                    }
                    let wait = bucket.until(writes);
                    self.sleep(client, wait, cancel);
                    if let Some(bucket) = &mut self.bucket {
                        bucket.fill(client.now());
                        bucket.left = bucket.left.max(writes);
                    }
                }
                if let Some(bucket) = &mut self.bucket {
                    bucket.left -= writes;
                }
            }
            batches.push(batch.to_vec());
        }
        batches
    }

    /// Sends batches and notes what became of their items.
    fn round(
        &mut self,
        client: &mut TenantClient,
        items: &[Item],
        batches: &[Vec<usize>],
        open: &mut BTreeMap<usize, Open>,
        outcomes: &mut [Option<Outcome>],
        cancel: &CancelToken,
    ) -> Result<Round, ConnectorError> {
        let url = client.url("v1.0/$batch");
        let bodies: Vec<Value> = batches.iter().map(|batch| body(items, batch)).collect();
        let reached = client.is_reached();
        // Once a batch is refused as a whole or for the most part, the others wait for the pause.
        let sent: Vec<&Value> = bodies.iter().collect();
        let answers = client.post_all(&url, &sent, self.width, cancel, |answer| match answer {
            Ok(reply) => reply.status == 200 && !(may_be_throttled(reply) && mostly_throttled(&parts(&reply.json()))),
            Err(_) => false,
        })?;
        let mut round = Round::default();
        let (mut usage, mut throttled): (f64, bool) = (0.0, false);
        for (batch, answer) in batches.iter().zip(answers) {
            let reply = match answer {
                // It was not sent.
                None => continue,
                Some(Ok(reply)) => reply,
                Some(Err(error)) => {
                    let passing = match error.kind {
                        ConnectorErrorKind::Dropped => true,
                        ConnectorErrorKind::Connection => reached,
                        _ => false,
                    };
                    if !passing {
                        round.fatal = Some(error);
                        continue;
                    }
                    // A connection that was never made took nothing with it.
                    let unsent = error.kind == ConnectorErrorKind::Connection;
                    for place in batch {
                        if items.get(*place).is_some_and(|item| item.once) && !unsent {
                            open.remove(place);
                            set(outcomes, *place, Outcome::Lost(error.message.clone()));
                        } else {
                            again(open, outcomes, *place, &error.message, None);
                        }
                    }
                    round.pause = round.pause.max(Some(grown(batch, open)));
                    continue;
                }
            };
            usage = usage.max(reply.usage.unwrap_or_default());
            let mut parts = match reply.status {
                200 => match parts_of(client, &reply) {
                    Ok(parts) => parts,
                    Err(error) => {
                        round.fatal = Some(error);
                        continue;
                    }
                },
                401 => {
                    round.token_refused = true;
                    continue;
                }
                status if is_busy(status) => {
                    throttled |= status == 429;
                    let said = format!("{} is busy (HTTP {status}){}; run again later", client.server(), reply.named());
                    batch.iter().for_each(|place| again(open, outcomes, *place, &said, None));
                    round.pause = round.pause.max(Some(reply.retry_after.unwrap_or_else(|| grown(batch, open))));
                    continue;
                }
                _ => {
                    round.fatal = Some(client.answer(&reply).map_or_else(ConnectorError::from, |_| no_parts(client)));
                    continue;
                }
            };
            let mostly = mostly_throttled(&parts);
            let now = client.now();
            for (number, place) in batch.iter().enumerate() {
                let Some(part) = parts.remove(&number.to_string()) else {
                    let message = format!("{} answered a batch without one of its parts", client.server());
                    if items.get(*place).is_some_and(|item| item.once) {
                        open.remove(place);
                        set(outcomes, *place, Outcome::Lost(message));
                    } else {
                        again(open, outcomes, *place, &message, None);
                    }
                    continue;
                };
                usage = usage.max(part.usage);
                let fault = part.answer.fault();
                let said = || {
                    let named = part.answer.request_id.as_ref().map(|id| format!(" (request id {id})")).unwrap_or_default();
                    format!("{} answered HTTP {} {}{named}", client.server(), part.answer.status, fault.code)
                };
                match part.answer.status {
                    401 => round.token_refused = true,
                    status if is_busy(status) => {
                        throttled |= status == 429;
                        let asked = part.retry_after.unwrap_or_else(|| grown(&[*place], open));
                        if mostly {
                            round.pause = round.pause.max(Some(asked));
                        }
                        again(open, outcomes, *place, &said(), now.checked_add(to_signed(asked)).ok());
                    }
                    // A request it depended on failed, or somebody wrote the object at the same time.
                    424 => again(open, outcomes, *place, &said(), None),
                    409 | 412 if collides(open, *place, part.answer.status, &fault.code) => {}
                    _ => {
                        open.remove(place);
                        set(outcomes, *place, Outcome::Answered(part.answer));
                    }
                }
            }
        }
        self.adapt(usage, throttled);
        Ok(round)
    }

    /// Sends less at a time while a limit is near, and more again when it is not.
    fn adapt(&mut self, usage: f64, throttled: bool) {
        if throttled || usage >= SLOW_FROM {
            self.width = (self.width / 2).max(1);
            if let Some(bucket) = &mut self.bucket {
                let told = (1.0 - usage).max(0.0) * f64::from(bucket.budget.writes);
                if usage >= SLOW_FROM && told < bucket.left {
                    bucket.left = told;
                }
            }
        } else {
            self.width = (self.width + 1).min(WIDTH);
        }
    }
}

fn set(outcomes: &mut [Option<Outcome>], place: usize, outcome: Outcome) {
    if let Some(slot) = outcomes.get_mut(place) {
        *slot = Some(outcome);
    }
}

/// Leaves an item open for another try, unless its tries are used up.
fn again(
    open: &mut BTreeMap<usize, Open>,
    outcomes: &mut [Option<Outcome>],
    place: usize,
    said: &str,
    not_before: Option<Timestamp>,
) {
    let Some(item) = open.get_mut(&place) else { return };
    item.tries += 1;
    said.clone_into(&mut item.said);
    item.not_before = not_before;
    if item.tries > RETRIES {
        open.remove(&place);
        set(outcomes, place, Outcome::Busy(said.to_owned()));
    }
}

/// Notes that others wrote the same object; false when that happened too often, or the refusal means something else.
fn collides(open: &mut BTreeMap<usize, Open>, place: usize, status: u16, code: &str) -> bool {
    let Some(item) = open.get_mut(&place) else { return false };
    let concurrent = status == 412 || code.eq_ignore_ascii_case("Directory_ConcurrencyViolation");
    item.collisions += 1;
    concurrent && item.collisions <= COLLISIONS
}

/// How long to wait before a try that nobody named a time for: longer each time, and a little by chance.
fn grown(batch: &[usize], open: &BTreeMap<usize, Open>) -> Duration {
    let tries = batch.iter().filter_map(|place| open.get(place)).map(|item| item.tries).max().unwrap_or(0);
    let seconds = (1 << tries.clamp(1, 10)).min(MOST_GROWN);
    Duration::from_secs(seconds) + Duration::from_millis(rand::rng().random_range(0..1000))
}

fn until(now: Timestamp, time: Timestamp) -> Duration {
    Duration::try_from(time.duration_since(now)).unwrap_or_default()
}

fn to_signed(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX)
}

/// The body of a batch; items are numbered by their place in it.
fn body(items: &[Item], batch: &[usize]) -> Value {
    let requests: Vec<Value> = batch
        .iter()
        .filter_map(|place| items.get(*place))
        .enumerate()
        .map(|(number, item)| {
            let mut request = json!({ "id": number.to_string(), "method": item.method, "url": item.url });
            if let (Some(body), Some(fields)) = (&item.body, request.as_object_mut()) {
                fields.insert("headers".to_owned(), json!({ "Content-Type": "application/json" }));
                fields.insert("body".to_owned(), body.clone());
            }
            request
        })
        .collect();
    json!({ "requests": requests })
}

/// One part of the answer to a batch.
struct Part {
    answer: Answer,
    retry_after: Option<Duration>,
    usage: f64,
}

/// The parts of a good answer.
fn parts_of(client: &TenantClient, reply: &Reply) -> Result<BTreeMap<String, Part>, ConnectorError> {
    let body = client.answer(reply)?;
    if body.get("responses").is_some_and(Value::is_array) { Ok(parts(&body)) } else { Err(no_parts(client)) }
}

fn no_parts(client: &TenantClient) -> ConnectorError {
    let message = "the tenant answered a batch in a form that is not known";
    ConnectorError::new(ConnectorErrorKind::Protocol, message).server(client.server())
}

/// The parts of an answer by their numbers; of parts that are told twice the first counts.
fn parts(body: &Value) -> BTreeMap<String, Part> {
    let mut parts = BTreeMap::new();
    for response in body.get("responses").and_then(Value::as_array).into_iter().flatten() {
        let id = match response.get("id") {
            Some(Value::String(id)) => id.clone(),
            Some(Value::Number(id)) => id.to_string(),
            _ => continue,
        };
        let Some(status) = response.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok()) else {
            continue;
        };
        let header = |name: &str| {
            let headers = response.get("headers").and_then(Value::as_object)?;
            headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_str())
        };
        let part = Part {
            answer: Answer {
                status,
                body: response.get("body").cloned().unwrap_or_default(),
                request_id: header("request-id").map(str::to_owned),
            },
            retry_after: header("Retry-After").and_then(|text| text.trim().parse().ok()).map(Duration::from_secs),
            usage: header("x-ms-throttle-limit-percentage").and_then(|text| text.parse().ok()).unwrap_or_default(),
        };
        parts.entry(id).or_insert(part);
    }
    parts
}

/// False for an answer in which no part can be throttled; nearly all are, and need not be read for it.
fn may_be_throttled(reply: &Reply) -> bool {
    reply.body.windows(3).any(|text| text == b"429" || text == b"503")
}

/// True when at least half of a batch was throttled: then a limit of everybody is reached.
fn mostly_throttled(parts: &BTreeMap<String, Part>) -> bool {
    let throttled = parts.values().filter(|part| matches!(part.answer.status, 429 | 503)).count();
    throttled > 0 && throttled * 2 >= parts.len()
}
