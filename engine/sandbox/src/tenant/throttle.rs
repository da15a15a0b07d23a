//! Limits on requests, as token buckets on the tenant's clock; off unless they are asked for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One limit: so much within so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limit {
    limit: f64,
    window: f64,
}

/// The limits that are in force.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Limits {
    /// Resource units of one application.
    units: Option<Limit>,
    /// Writes of one application.
    writes: Option<Limit>,
    /// Writes of all applications together.
    tenant_writes: Option<Limit>,
    /// Changes on the sync channel.
    channel: Option<Limit>,
}

impl Limits {
    /// Whether every limit allows something.
    pub(crate) fn is_valid(&self) -> bool {
        [self.units, self.writes, self.tenant_writes, self.channel]
            .into_iter()
            .flatten()
            .all(|limit| limit.limit >= 1.0 && limit.window > 0.0)
    }
}

/// What a request asks of the limits.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Demand {
    pub(crate) units: u32,
    pub(crate) writes: u32,
    pub(crate) changes: u32,
}

/// Why a request has to wait.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    /// Whole seconds until the request would pass.
    pub(crate) retry_after: u64,
    /// `Scope/Limit/AppId/TenantId`.
    pub(crate) scope: String,
    pub(crate) information: &'static str,
    /// Share of the limit that is used up.
    pub(crate) usage: f64,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Timestamp,
}

/// What a limit has let through and refused since it is in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Tally {
    admitted: f64,
    refused: u64,
}

/// The buckets of all applications.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    limits: Limits,
    buckets: BTreeMap<(&'static str, String), Bucket>,
    tallies: BTreeMap<&'static str, Tally>,
}

struct Claim {
    name: &'static str,
    scope: &'static str,
    information: &'static str,
    owner: String,
    limit: Limit,
    amount: f64,
}

impl Throttle {
    /// Puts other limits in force; every bucket is full again.
    pub(crate) fn set(&mut self, limits: Limits) {
        self.limits = limits;
        self.buckets.clear();
        self.tallies.clear();
    }

    /// Whether there is a limit on changes of the sync channel.
    pub(crate) fn limits_changes(&self) -> bool {
        self.limits.channel.is_some()
    }

    /// What every limit has let through and refused, by its name.
    pub(crate) fn tallies(&self) -> &BTreeMap<&'static str, Tally> {
        &self.tallies
    }

    /// Takes what the request costs from every bucket, or from none and says how long to wait.
    /// An admitted request learns the used share of the fullest limit.
    pub(crate) fn admit(&mut self, now: Timestamp, app: &str, tenant: &str, demand: Demand) -> Result<f64, Refusal> {
        let claims = self.claims(app, demand);
        let mut usage: f64 = 0.0;
        for claim in &claims {
            let left = self.left(claim, now);
            if left < claim.amount {
                let missing = claim.amount.min(claim.limit.limit) - left;
                // At least a second, so that a client that waits is never early.
                let seconds = (missing * claim.limit.window / claim.limit.limit).ceil().max(1.0);
                self.tallies.entry(claim.name).or_default().refused += 1;
                return Err(Refusal {
                    retry_after: seconds as u64,
                    scope: format!("{}/{app}/{tenant}", claim.scope),
                    information: claim.information,
                    usage: 1.0 + missing / claim.limit.limit,
                });
            }
            usage = usage.max(1.0 - (left - claim.amount) / claim.limit.limit);
        }
        for claim in claims {
            let left = self.left(&claim, now) - claim.amount;
            self.tallies.entry(claim.name).or_default().admitted += claim.amount;
            self.buckets.insert((claim.name, claim.owner), Bucket { left, at: now });
        }
        Ok(usage)
    }

    fn claims(&self, app: &str, demand: Demand) -> Vec<Claim> {
        let claim = |name, scope, information, owner: &str, limit: Option<Limit>, amount: u32| {
            let limit = limit.filter(|_| amount > 0)?;
            // One request never asks for more than the whole limit.
            let amount = f64::from(amount).min(limit.limit);
            Some(Claim { name, scope, information, owner: owner.to_owned(), limit, amount })
        };
        let limits = &self.limits;
        [
            claim("units", "Tenant_Application/ReadWrite", "ResourceUnitLimitExceeded", app, limits.units, demand.units),
            claim("writes", "Tenant_Application/Write", "WriteLimitExceeded", app, limits.writes, demand.writes),
            claim("tenantWrites", "Tenant/Write", "WriteLimitExceeded", "", limits.tenant_writes, demand.writes),
            claim("channel", "Tenant/Provision", "ChangeLimitExceeded", "", limits.channel, demand.changes),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// What a bucket holds by now.
    fn left(&self, claim: &Claim, now: Timestamp) -> f64 {
        match self.buckets.get(&(claim.name, claim.owner.clone())) {
            None => claim.limit.limit,
            Some(bucket) => {
                let seconds = now.duration_since(bucket.at).as_secs_f64().max(0.0);
                (bucket.left + seconds * claim.limit.limit / claim.limit.window).min(claim.limit.limit)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_bucket_empties_and_fills_with_the_time() {
        let mut throttle = Throttle::default();
        let demand = Demand { units: 1, writes: 1, changes: 0 };
        assert_eq!(throttle.admit(at(0), "a", "t", demand), Ok(0.0), "without limits nothing is refused");
        throttle.set(serde_json::from_str(r#"{"units":{"limit":10,"window":10},"writes":{"limit":3,"window":30}}"#).unwrap());
        for _ in 0..3 {
            assert!(throttle.admit(at(0), "a", "t", demand).is_ok());
        }
        let refused = throttle.admit(at(0), "a", "t", demand).unwrap_err();
        assert_eq!((refused.retry_after, refused.scope.as_str()), (10, "Tenant_Application/Write/a/t"));
        assert!(throttle.admit(at(9), "a", "t", demand).is_err());
        assert!(throttle.admit(at(0), "b", "t", demand).is_ok(), "another application has its own");
        assert!(throttle.admit(at(10), "a", "t", demand).is_ok());
        let reads = Demand { units: 10, ..Demand::default() };
        assert_eq!(throttle.admit(at(20), "a", "t", reads), Ok(1.0));
        assert_eq!(throttle.admit(at(20), "a", "t", reads).unwrap_err().retry_after, 10);
        let tally = |name: &str| throttle.tallies().get(name).map(|tally| (tally.admitted, tally.refused));
        assert_eq!((tally("writes"), tally("units")), (Some((5.0, 2)), Some((15.0, 1))));
    }

    #[test]
    fn a_request_larger_than_the_limit_passes_when_the_bucket_is_full() {
        let mut throttle = Throttle::default();
        throttle.set(serde_json::from_str(r#"{"channel":{"limit":10,"window":10}}"#).unwrap());
        let demand = Demand { changes: 30, ..Demand::default() };
        assert!(throttle.admit(at(0), "a", "t", demand).is_ok());
        assert_eq!(throttle.admit(at(1), "a", "t", demand).unwrap_err().retry_after, 9);
        assert!(throttle.admit(at(10), "a", "t", demand).is_ok());
    }
}
