//! Domain controllers as DNS names them ([MS-ADTS] 6.3.2.3): the records that every domain controller registers.

use std::cmp::Reverse;
use std::time::Duration;

use hickory_resolver::proto::rr::rdata::SRV;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::{Resolver, TokioResolver};
use tokio::runtime::Builder;

/// What stands before the name of a domain, of any site.
const SERVICE: &str = "_ldap._tcp.dc._msdcs";

/// The hosts that this computer's name servers name for a domain, in the order in which to try them. Empty when they
/// name none, or do not answer in time: then the domain's own name has to do.
pub(in crate::connector) fn controllers(domain: &str, timeout: Duration) -> Vec<String> {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::debug!(%error, "no runtime to look domain controllers up");
            return Vec::new();
        }
    };
    let found = runtime.block_on(async {
        let resolver = Resolver::builder_tokio().and_then(|builder| builder.build());
        match resolver {
            Ok(resolver) => tokio::time::timeout(timeout, named(domain, &resolver)).await.unwrap_or_default(),
            Err(error) => {
                tracing::debug!(%error, "the name servers of this computer cannot be told");
                Vec::new()
            }
        }
    });
    // A question that is still under way is given up.
    runtime.shutdown_background();
    found
}

async fn named(domain: &str, resolver: &TokioResolver) -> Vec<String> {
    let name = format!("{SERVICE}.{}.", domain.trim_end_matches('.'));
    match resolver.lookup(name.as_str(), RecordType::SRV).await {
        Ok(found) => ordered(found.answers().iter().filter_map(|record| match &record.data {
            RData::SRV(server) => Some(server),
            _ => None,
        })),
        Err(error) => {
            tracing::debug!(%name, %error, "DNS names no domain controller");
            Vec::new()
        }
    }
}

/// By priority, then by weight. Among equals always in the same order: a domain controller that was read before tells
/// what changed since, another one may have to be read in full.
fn ordered<'a>(servers: impl Iterator<Item = &'a SRV>) -> Vec<String> {
    let mut servers: Vec<(u16, Reverse<u16>, String)> = servers
        .map(|server| {
            let host = server.target.to_ascii().trim_end_matches('.').to_ascii_lowercase();
            (server.priority, Reverse(server.weight), host)
        })
        // The root stands for "there is no such service".
        .filter(|(_, _, host)| !host.is_empty())
        .collect();
    servers.sort();
    let mut hosts: Vec<String> = Vec::new();
    for (_, _, host) in servers {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::str::FromStr as _;

    use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
    use hickory_resolver::net::runtime::TokioRuntimeProvider;
    use hickory_resolver::proto::op::{Message, ResponseCode};
    use hickory_resolver::proto::rr::{Name, Record};

    use super::*;

    fn record(priority: u16, weight: u16, target: &str) -> SRV {
        SRV::new(priority, weight, 389, Name::from_str(target).unwrap())
    }

    #[test]
    fn servers_come_by_priority_and_weight() {
        let check = |records: &[(u16, u16, &str)], expected: &[&str]| {
            let records: Vec<SRV> = records.iter().map(|(priority, weight, name)| record(*priority, *weight, name)).collect();
            assert_eq!(ordered(records.iter()), expected);
        };
        check(&[], &[]);
        check(
            &[(10, 5, "far.x."), (0, 1, "light.x."), (0, 100, "DC2.x."), (0, 100, "dc1.x."), (5, 0, "dc1.x.")],
            &["dc1.x", "dc2.x", "light.x", "far.x"],
        );
        check(&[(0, 0, ".")], &[]);
    }

    /// A name server that knows the domain controllers of one domain.
    fn name_server(domain: &'static str) -> TokioResolver {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        std::thread::Builder::new()
            .spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                    let asked = Message::from_vec(&buffer[..length]).unwrap();
                    let query = asked.queries[0].clone();
                    let mut answer = Message::response(asked.metadata.id, asked.metadata.op_code);
                    answer.add_query(query.clone());
                    if query.name().to_ascii() == format!("_ldap._tcp.dc._msdcs.{domain}.") {
                        for (priority, name) in [(1, "dc2.contoso.com."), (0, "dc1.contoso.com.")] {
                            let data = RData::SRV(record(priority, 100, name));
                            answer.add_answer(Record::from_rdata(query.name().clone(), 60, data));
                        }
                    } else {
                        answer.metadata.response_code = ResponseCode::NXDomain;
                    }
                    socket.send_to(&answer.to_vec().unwrap(), from).unwrap();
                }
            })
            .unwrap();
        let mut connection = ConnectionConfig::udp();
        connection.port = address.port();
        let server = NameServerConfig::new(address.ip(), true, vec![connection]);
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        Resolver::builder_with_config(config, TokioRuntimeProvider::default()).build().unwrap()
    }

    #[test]
    fn domain_controllers_are_asked_of_dns() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let resolver = name_server("contoso.com");
            assert_eq!(named("contoso.com", &resolver).await, ["dc1.contoso.com", "dc2.contoso.com"]);
            assert_eq!(named("fabrikam.com", &resolver).await, Vec::<String>::new());
        });
    }
}
