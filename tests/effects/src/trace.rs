//! A story as lines of JSON, for the second implementation: what was decided, how it ended, which rows changed.

use std::collections::BTreeSet;

use cybermesh_executor::applied::Applied;
use cybermesh_executor::parameters::Parameters;
use cybermesh_executor::rows::{CHUNK_PLACES, Chunk, Conduct, RuleRow, Space, Stream, decode, keys};
use cybermesh_executor::score::{Record, Standing};
use cybermesh_executor::window::SPAN;
use cybermesh_proto::agree::Item;
use cybermesh_proto::audit::{AuditEntry, AuditLeaf, Places};
use cybermesh_proto::event::{Demand, SignedEvent};
use cybermesh_proto::genesis::{Reach, RegisteredKey};
use cybermesh_proto::message::SignedGovernance;
use cybermesh_proto::message::pb::control::v1::governance_transaction::Action;
use cybermesh_proto::wire::decode_canonical;
use cybermesh_proto::{Digest, Kid};
use serde_json::{Value, json};

use crate::World;
use crate::world::codes;

/// The line of a genesis.
#[must_use]
pub fn genesis(world: &World) -> Value {
    let genesis = world.trusted.genesis();
    let protected =
        genesis.protected.iter().map(|one| json!({"kind": one.kind.as_str(), "value": one.value.as_str()}));
    let numbers: Vec<_> = Parameters::default().list();
    let numbers: serde_json::Map<_, _> =
        numbers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    json!({"genesis": {
        "network": genesis.network.as_str(),
        "protected": protected.collect::<Vec<_>>(),
        "keys": genesis.registry.iter().map(key).collect::<Vec<_>>(),
        "parameters": numbers,
    }})
}

fn key(key: &RegisteredKey) -> Value {
    json!({
        "kid": hex(key.bundle.kid().0.as_bytes()),
        "tenant": key.tenant.as_str(),
        "types": key.types.iter().map(|one| one.as_str()).collect::<Vec<_>>(),
        "algorithms": key.bundle.keys().iter().map(|one| u8::from(one.algorithm)).collect::<Vec<_>>(),
        "demand": if key.demand == Demand::Ed25519 { "ed25519" } else { "whole" },
        "standing_bp": key.standing_bp,
        "denies_alone": key.reach == Reach::Alone,
    })
}

/// The line of a block that was just decided.
#[must_use]
pub fn block(world: &World, now_ms: u64, items: &[Item], applied: &Applied) -> Value {
    let items = items.iter().zip(codes(applied)).map(|(item, code)| {
        let mut line = self::item(item);
        line["outcome"] = code.name().into();
        line
    });
    json!({"block": {
        "height": applied.decision.height.get(),
        "now_ms": now_ms,
        "items": items.collect::<Vec<_>>(),
        "after": after(world, now_ms, applied),
    }})
}

fn item(item: &Item) -> Value {
    match item {
        Item::Event(bytes) => event(&SignedEvent::decode(bytes.as_slice()).unwrap()),
        Item::Governance(bytes) => {
            let signed = SignedGovernance::decode(bytes.as_slice()).unwrap();
            json!({"governance": action(signed.transaction().action.as_ref().unwrap())})
        }
        other => panic!("no {} in a trace", other.kind().name()),
    }
}

fn event(signed: &SignedEvent) -> Value {
    let event = signed.event();
    json!({
        "id": signed.id().0.to_string(),
        "type": event.r#type,
        "tenant": event.tenant,
        "producer": hex(&event.producer),
        "stream": event.stream,
        "seq": event.seq,
        "created_at_ms": event.created_at_ms,
        "entity_kind": event.entity_kind,
        "entity_value": event.entity_value,
        "resource": event.resource,
        "severity_id": event.severity_id,
        "confidence_bp": event.confidence_bp,
        "content_type": event.content_type,
        "encrypted": event.encryption.is_some(),
        "payload": hex(&event.payload),
        "algorithms": signed.algorithms().map(u8::from).collect::<Vec<_>>(),
    })
}

fn action(action: &Action) -> Value {
    let word = |only: bool| if only { "ed25519" } else { "whole" };
    match action {
        Action::RevokeKey(key) => json!({"action": "revoke_key", "kid": hex(&key.kid)}),
        Action::AmendKey(key) => json!({
            "action": "amend_key", "kid": hex(&key.kid), "types": key.types, "demand": word(key.ed25519_only),
            "standing_bp": key.standing_bp, "denies_alone": key.denies_alone,
        }),
        Action::RegisterKey(key) => {
            let bundle: cybermesh_proto::keys::KeyBundle = decode_canonical(&key.bundle).unwrap();
            let algorithms: Vec<_> = bundle.keys().iter().map(|one| u8::from(one.algorithm)).collect();
            json!({
                "action": "register_key", "kid": hex(bundle.kid().0.as_bytes()), "tenant": key.tenant,
                "types": key.types, "algorithms": algorithms, "demand": word(key.ed25519_only),
                "standing_bp": key.standing_bp, "denies_alone": key.denies_alone,
            })
        }
        Action::ChangeParameters(change) => {
            let numbers = change.parameters.iter().map(|one| (one.name.clone(), one.value.into()));
            json!({"action": "change_parameters", "parameters": numbers.collect::<serde_json::Map<_, Value>>()})
        }
        other => panic!("no such action in a trace: {other:?}"),
    }
}

fn after(world: &World, now_ms: u64, applied: &Applied) -> Value {
    let (mut subjects, mut rules, mut conduct) = (Vec::new(), Vec::new(), Vec::new());
    let mut moved = BTreeSet::new();
    let numbers: Parameters = world.row(&keys::single(Space::Parameters)).unwrap();
    for (key, value) in &applied.writes {
        let value = value.as_deref();
        match key[0] {
            space if space == Space::Subjects as u8 => {
                subjects.push(subject(key, &decode(key, value.unwrap()).unwrap(), now_ms, &numbers));
            }
            space if space == Space::Rules as u8 => {
                rules.push(rule(key, value.map(|value| decode(key, value).unwrap())))
            }
            space if space == Space::Conduct as u8 => {
                let row: Conduct = decode(key, value.unwrap()).unwrap();
                conduct
                    .push(json!({"kid": hex(&key[2..]), "bp": row.bp, "quarantined": row.quarantined != 0}));
            }
            space if space == Space::Streams as u8 || space == Space::Chunks as u8 => {
                moved.insert(key[2..38].to_vec());
            }
            _ => {}
        }
    }
    let streams: Vec<_> = moved.iter().map(|name| stream(world, name)).collect();
    let audit: Vec<_> = applied.audit_leaves.iter().filter_map(|leaf| gap(leaf)).collect();
    json!({"subjects": subjects, "rules": rules, "conduct": conduct, "streams": streams, "audit": audit})
}

fn subject(key: &[u8], record: &Record, now_ms: u64, numbers: &Parameters) -> Value {
    let (kind, value, _) = named(key);
    let corroboration = record.corroboration(now_ms, numbers.half_life_ms, numbers.corroboration_floor);
    let contributions = record.contributions.iter().map(|one| {
        let backer = &record.backers[usize::from(one.backer)];
        let verdict = match one.verdict {
            Standing::None => "none",
            Standing::Confirmed => "confirmed",
            Standing::Refuted => "refuted",
            Standing::FalsePositive => "false_positive",
        };
        json!({
            "event": one.event.0.to_string(), "producer": hex(backer.kid.0.as_bytes()), "weight": one.weight,
            "at_ms": one.at_ms, "verdict": verdict,
        })
    });
    json!({
        "kind": kind, "value": value, "score": record.score(now_ms, numbers.half_life_ms),
        "points": corroboration.points, "contributions": contributions.collect::<Vec<_>>(),
        "residue": record.residue, "residue_at_ms": record.residue_at_ms, "folded": record.folded,
    })
}

fn rule(key: &[u8], row: Option<RuleRow>) -> Value {
    let (kind, value, rest) = named(key);
    let actions = ["", "deny", "allow", "quarantine"];
    let requested = rest[0] == 2;
    let scope = if requested { std::str::from_utf8(&rest[2..]).unwrap() } else { "" };
    let action = if requested {
        actions[usize::from(rest[1])]
    } else if kind == "ip" || kind == "cidr" {
        "deny"
    } else {
        "quarantine"
    };
    let row = row.map(|row| {
        json!({
            "scope": row.scope.as_str(), "action": row.verb.word(), "priority": row.priority, "made_ms": row.made_ms,
            "expires_ms": row.expires_ms, "reason": String::from_utf8_lossy(row.reason.as_slice()),
            "rests_on": row.rests_on.iter().map(|event| event.0.to_string()).collect::<Vec<_>>(),
        })
    });
    json!({
        "kind": kind, "value": value, "origin": if requested { "requested" } else { "automatic" }, "scope": scope,
        "action": action, "rule": row,
    })
}

fn stream(world: &World, name: &[u8]) -> Value {
    let kid = Kid(Digest::from_slice(&name[..32]).unwrap());
    let number = u32::from_be_bytes(name[32..].try_into().unwrap());
    let row: Stream = world.row(&keys::stream(&kid, number)).unwrap();
    let first = (row.low - 1) / CHUNK_PLACES;
    let last = (row.low + SPAN - 1) / CHUNK_PLACES;
    let mut used: Vec<[u64; 2]> = Vec::new();
    for chunk in first..=last {
        let Some(bits) = world.row::<Chunk>(&keys::chunk(&kid, number, chunk)) else { continue };
        let places = (0..CHUNK_PLACES)
            .filter(|place| bits.holds(*place))
            .map(|place| chunk * CHUNK_PLACES + place + 1);
        for seq in places.filter(|seq| *seq >= row.low) {
            match used.last_mut() {
                Some(run) if run[1] + 1 == seq => run[1] = seq,
                _ => used.push([seq, seq]),
            }
        }
    }
    json!({"kid": hex(kid.0.as_bytes()), "stream": number, "low": row.low, "used": used})
}

fn gap(leaf: &[u8]) -> Option<Value> {
    let leaf: AuditLeaf = decode_canonical(leaf).unwrap();
    let (word, places): (_, Places) = match leaf.entry {
        AuditEntry::Gap(places) => ("gap", places),
        AuditEntry::GapClosed(places) => ("gap_closed", places),
        _ => return None,
    };
    Some(json!({
        "kind": word, "kid": hex(places.kid.0.as_bytes()), "stream": places.stream, "first": places.first.get(),
        "last": places.last.get(), "bitmap": places.bitmap.map(|bitmap| hex(&bitmap.0)),
    }))
}

/// Kind and value in a key, and what follows them.
fn named(key: &[u8]) -> (String, String, &[u8]) {
    let rest = &key[2..];
    let end = rest.iter().position(|byte| *byte == 0).unwrap();
    let (kind, rest) = (String::from_utf8(rest[..end].to_vec()).unwrap(), &rest[end + 1..]);
    let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
    (kind, String::from_utf8(rest[..end].to_vec()).unwrap(), rest.get(end + 1..).unwrap_or_default())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
