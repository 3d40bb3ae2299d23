//! Signed events: what a producer may send, and everything it may not.

use cybermesh_keys::Signer as _;
use cybermesh_proto::domain::Domain;
use cybermesh_proto::event::{custody_statement, event_signing_bytes};
use cybermesh_proto::hash::{sha256, tagged};
use cybermesh_proto::keys::{Algorithm, KeyBundle};
use cybermesh_proto::message::pb::event::v1::{CustodyHop, Encryption, Event, Signature, SignedEvent};
use cybermesh_proto::message::signature_list;
use cybermesh_proto::pae::pae;
use cybermesh_proto::wire::encode_canonical;
use prost::Message as _;

use super::{Case, Suite, hex};
use crate::cluster::producer;
use crate::events::{anomaly, signed};
use crate::keys::{Named, sign};

const WHOLE_BUNDLE: u8 = 1;
const ED25519: u8 = 2;
const FIELD: &str = "event.field";

struct Cases {
    producer: Named,
    cases: Vec<Case>,
}

impl Cases {
    fn push(&mut self, name: &str, bytes: &[u8], demand: u8, bundle: &KeyBundle, expect: &str) {
        let case = Case::new(name)
            .bytes("bytes", bytes)
            .bytes("bundle", &encode_canonical(bundle))
            .with("demand", demand)
            .with("expect", expect);
        let id = |bytes: &[u8]| {
            let event = SignedEvent::decode(bytes).unwrap().event;
            *tagged(Domain::EVENT_ID, &event).as_bytes()
        };
        self.cases.push(if expect == "ok" { case.bytes("id", &id(bytes)) } else { case });
    }

    /// A record judged with its producer's own keys, whole bundle demanded.
    fn record(&mut self, name: &str, bytes: &[u8], expect: &str) {
        let bundle = self.producer.bundle().clone();
        self.push(name, bytes, WHOLE_BUNDLE, &bundle, expect);
    }

    /// The sound event with one change, signed as it then is.
    fn event(&mut self, name: &str, expect: &str, change: impl Fn(&mut Event)) {
        let mut event = anomaly(&self.producer, 1);
        change(&mut event);
        let bytes = signed(&event, &self.producer);
        self.record(name, &bytes, expect);
    }

    /// The sound record with one change to its wrapper.
    fn wrapper(&mut self, name: &str, expect: &str, change: impl Fn(&mut SignedEvent)) {
        let mut record =
            SignedEvent::decode(signed(&anomaly(&self.producer, 1), &self.producer).as_slice()).unwrap();
        change(&mut record);
        self.record(name, &record.encode_to_vec(), expect);
    }
}

pub(super) fn suite() -> Suite {
    let mut cases = Cases { producer: producer("det-1", Algorithm::MlDsa44), cases: Vec::new() };
    good(&mut cases);
    fields(&mut cases);
    encodings(&mut cases);
    signatures(&mut cases);
    keys(&mut cases);
    custody(&mut cases);
    Suite::new("event", cases.cases)
}

fn set_payload(event: &mut Event, payload: Vec<u8>) {
    event.content_sha256 = sha256(&[&payload]).as_bytes().to_vec();
    event.payload = payload;
}

fn good(cases: &mut Cases) {
    cases.event("hybrid 44", "ok", |_| {});
    for (algorithm, name) in [(Algorithm::MlDsa65, "hybrid 65"), (Algorithm::MlDsa87, "hybrid 87")] {
        let other = producer("det-1", algorithm);
        let bytes = signed(&anomaly(&other, 2), &other);
        cases.push(name, &bytes, WHOLE_BUNDLE, other.bundle(), "ok");
    }
    cases.event("least of everything", "ok", |event| {
        *event = Event {
            r#type: "A.B.v1".into(),
            schema_version: 1,
            network: "n".into(),
            tenant: "t".into(),
            producer: event.producer.clone(),
            seq: 1,
            entity_kind: "ip".into(),
            entity_value: "x".into(),
            content_sha256: sha256(&[]).as_bytes().to_vec(),
            ..Event::default()
        };
    });
    cases.event("beyond ASCII in free text", "ok", |event| event.device_id = "Fühler-12 ✓".into());
    cases.event("encrypted", "ok", |event| event.encryption = Some(sealed()));
    cases.event("highest numbers", "ok", |event| {
        event.seq = i64::MAX as u64;
        event.stream = u32::MAX;
        event.created_at_ms = (1 << 53) - 1;
        event.severity_id = 99;
        event.confidence_bp = 10_000;
        event.layer = u32::MAX;
    });
    cases.event("largest payload", "ok", |event| set_payload(event, vec![b'x'; 65_000]));
}

fn sealed() -> Encryption {
    Encryption { scheme: 1, recipient: vec![1; 32], wrapped_key: vec![2; 1168], nonce: vec![3; 12] }
}

type Change = fn(&mut Event);

fn fields(cases: &mut Cases) {
    let changes: [(&str, Change); 53] = [
        ("type without version", |e| e.r#type = "Anomaly.Detected".into()),
        ("type of version 0", |e| e.r#type = "Anomaly.Detected.v0".into()),
        ("type of version 01", |e| e.r#type = "Anomaly.Detected.v01".into()),
        ("type of version 100000", |e| e.r#type = "Anomaly.Detected.v100000".into()),
        ("type without v", |e| e.r#type = "Anomaly.Detected.1".into()),
        ("type in lower case", |e| e.r#type = "anomaly.Detected.v1".into()),
        ("type with a dash", |e| e.r#type = "Anomaly.De-tected.v1".into()),
        ("type of four parts", |e| e.r#type = "Anomaly.Detected.Twice.v1".into()),
        ("type beyond its length", |e| e.r#type = format!("A{}.B.v1", "a".repeat(252))),
        ("no type", |e| e.r#type.clear()),
        ("schema version 0", |e| e.schema_version = 0),
        ("no network", |e| e.network.clear()),
        ("network beyond its length", |e| e.network = "n".repeat(65)),
        ("no tenant", |e| e.tenant.clear()),
        ("subject beyond ASCII", |e| e.entity_value = "bücher.example".into()),
        ("text that runs backwards", |e| e.device_id = "sensor\u{202e}21".into()),
        ("a space of no width", |e| e.device_id = "sen\u{200b}sor".into()),
        ("a line separator", |e| e.device_id = "sensor\u{2028}root".into()),
        ("a noncharacter", |e| e.device_id = "sensor\u{1fffe}".into()),
        ("hop signed in an unknown way", |e| {
            let signatures = vec![Signature { kid: vec![1; 32], alg: 9, sig: vec![0; 64] }];
            e.custody = vec![CustodyHop { kid: vec![1; 32], signatures, ..CustodyHop::default() }];
        }),
        ("hop signed by another", |e| {
            let signatures = vec![Signature { kid: vec![2; 32], alg: 1, sig: vec![0; 64] }];
            e.custody = vec![CustodyHop { kid: vec![1; 32], signatures, ..CustodyHop::default() }];
        }),
        ("tenant beyond ASCII", |e| e.tenant = "аcme".into()),
        ("line break in the tenant", |e| e.tenant = "acme\nroot".into()),
        ("control character of two bytes", |e| e.tenant = "acme\u{85}".into()),
        ("seq 0", |e| e.seq = 0),
        ("seq above 2^63 - 1", |e| e.seq = 1 << 63),
        ("time above 2^53 - 1", |e| e.created_at_ms = 1 << 53),
        ("no kind", |e| e.entity_kind.clear()),
        ("kind in upper case", |e| e.entity_kind = "IP".into()),
        ("kind beyond its length", |e| e.entity_kind = "k".repeat(33)),
        ("no subject", |e| e.entity_value.clear()),
        ("subject beyond its length", |e| e.entity_value = "v".repeat(257)),
        ("resource that is no URN", |e| e.resource = "https://acme".into()),
        ("empty URN", |e| e.resource = "urn:".into()),
        ("severity 7", |e| e.severity_id = 7),
        ("severity 98", |e| e.severity_id = 98),
        ("confidence above certainty", |e| e.confidence_bp = 10_001),
        ("traceparent cut", |e| e.trace.as_mut().unwrap().traceparent = "00-".into()),
        ("traceparent with a control character", |e| {
            e.trace.as_mut().unwrap().traceparent = format!("{}\t", "0".repeat(54));
        }),
        ("correlation id beyond its length", |e| e.trace.as_mut().unwrap().correlation_id = "c".repeat(257)),
        ("escape in the device", |e| e.device_id = "\u{1b}[31m".into()),
        ("unknown marking", |e| e.tlp = 6),
        ("payload without media type", |e| e.content_type.clear()),
        ("media type beyond its length", |e| e.content_type = "m".repeat(129)),
        ("no content hash", |e| e.content_sha256.clear()),
        ("content hash of 31 bytes", |e| e.content_sha256.truncate(31)),
        ("unknown encryption", |e| e.encryption = Some(Encryption { scheme: 2, ..sealed() })),
        ("recipient of 31 bytes", |e| e.encryption = Some(Encryption { recipient: vec![1; 31], ..sealed() })),
        ("wrapped key missing", |e| e.encryption = Some(Encryption { wrapped_key: Vec::new(), ..sealed() })),
        ("wrapped key too long", |e| {
            e.encryption = Some(Encryption { wrapped_key: vec![1; 2049], ..sealed() })
        }),
        ("nonce of 11 bytes", |e| e.encryption = Some(Encryption { nonce: vec![1; 11], ..sealed() })),
        ("17 hops of custody", |e| {
            e.custody = vec![CustodyHop { kid: vec![1; 32], ..CustodyHop::default() }; 17]
        }),
        ("hop without signature", |e| {
            e.custody = vec![CustodyHop { kid: vec![1; 32], ..CustodyHop::default() }]
        }),
    ];
    for (name, change) in changes {
        cases.event(name, FIELD, change);
    }
    cases.event("content hash of another payload", "event.content_hash", |event| event.payload.push(b' '));
    let other = |change: fn(&mut Event)| {
        let mut event = anomaly(&cases.producer, 1);
        change(&mut event);
        signed(&event, &cases.producer)
    };
    let bytes = other(|event| event.producer.truncate(31));
    cases.record("producer of 31 bytes", &bytes, FIELD);
}

fn encodings(cases: &mut Cases) {
    let record = signed(&anomaly(&cases.producer, 1), &cases.producer);
    let event = SignedEvent::decode(record.as_slice()).unwrap().event;
    let malformed = "event.malformed";
    let producer = cases.producer.clone();
    let resigned = |bytes: Vec<u8>| {
        let halves = producer.sign(&event_signing_bytes(&bytes)).unwrap();
        cybermesh_proto::event::SignedEvent::assemble(bytes, signature_list(producer.bundle().kid(), halves))
    };
    cases.record("nothing", &[], "event.unsigned");
    cases.record("noise", &[0xff; 40], malformed);
    cases.record("cut in half", &record[..record.len() / 2], malformed);
    cases.record("last byte missing", &record[..record.len() - 1], malformed);
    cases.record("unknown field behind the wrapper", &[record.as_slice(), &[0x18, 1]].concat(), malformed);
    cases.record("wrapper twice", &[record.as_slice(), record.as_slice()].concat(), malformed);
    cases.record(
        "unknown field in the event, signed",
        &resigned([event.as_slice(), &[0xc0, 2, 1]].concat()),
        malformed,
    );
    cases.record(
        "a field twice in the event, signed",
        &resigned([event.as_slice(), &[0x10, 1]].concat()),
        malformed,
    );
    cases.record(
        "a default spelled out, signed",
        &resigned([&[0x30, 0], event.as_slice()].concat()),
        malformed,
    );
    let schema =
        event.windows(2).position(|pair| pair == [0x10, 1]).expect("schema_version follows the type");
    let longer = [&event[..schema], &[0x10, 0x81, 0x00], &event[schema + 2..]].concat();
    cases.record("a longer varint, signed", &resigned(longer), malformed);
    let mut reordered = event[schema..schema + 2].to_vec();
    reordered.extend_from_slice(&event[..schema]);
    reordered.extend_from_slice(&event[schema + 2..]);
    cases.record("fields in another order, signed", &resigned(reordered), malformed);
    let mut latin = event.clone();
    let tenant = latin.windows(4).position(|text| text == b"acme").unwrap();
    latin[tenant] = 0xe9;
    cases.record("text that is no UTF-8, signed", &resigned(latin), malformed);
    cases.event("event too large", "event.too_large", |event| set_payload(event, vec![b'x'; 65_536]));
    cases.record("wrapper too large", &vec![0x0a; 64 * 1024 + 16 * 1024 + 1], "event.too_large");
    let groups = [0x0b_u8; 200];
    cases.record("groups to depth 200", &groups, malformed);
}

fn signatures(cases: &mut Cases) {
    let list = "authn.deny.signature_list";
    cases.wrapper("unsigned", "event.unsigned", |record| record.signatures.clear());
    cases.wrapper("only the classical half", "authn.deny.half_missing", |record| {
        record.signatures.truncate(1)
    });
    cases.wrapper("only the post-quantum half", "authn.deny.half_missing", |record| {
        drop(record.signatures.remove(0))
    });
    cases.wrapper("halves swapped", list, |record| record.signatures.swap(0, 1));
    cases.wrapper("one half twice", list, |record| record.signatures.insert(0, record.signatures[0].clone()));
    cases.wrapper("five signatures", list, |record| {
        let extra = |alg| Signature { alg, ..record.signatures[0].clone() };
        record.signatures = (1..6).map(extra).collect();
    });
    cases.wrapper("unknown algorithm", list, |record| record.signatures[1].alg = 9);
    cases.wrapper("negative algorithm", list, |record| record.signatures[1].alg = -1);
    cases.wrapper("a signature a byte short", list, |record| record.signatures[0].sig.truncate(63));
    cases.wrapper("right key, wrong algorithm", list, |record| record.signatures[1].alg = 3);
    cases.wrapper("key id of 31 bytes", list, |record| record.signatures[0].kid.truncate(31));
    cases.wrapper("key id of another", "authn.deny.other_key", |record| {
        record.signatures.iter_mut().for_each(|signature| signature.kid = vec![1; 32]);
    });
    let bad = "authn.deny.signature";
    cases.wrapper("a bit of the classical half", bad, |record| record.signatures[0].sig[9] ^= 1);
    cases.wrapper("a bit of the post-quantum half", bad, |record| record.signatures[1].sig[9] ^= 1);
    let producer = cases.producer.clone();
    let event = anomaly(&producer, 1).encode_to_vec();
    let signed_as = |message: &[u8], context: &[u8]| {
        let halves = vec![
            (Algorithm::Ed25519, sign("det-1", Algorithm::Ed25519, message, &[])),
            (Algorithm::MlDsa44, sign("det-1", Algorithm::MlDsa44, message, context)),
        ];
        let list = signature_list(producer.bundle().kid(), halves);
        cybermesh_proto::event::SignedEvent::assemble(event.clone(), list)
    };
    cases.record("signed in another domain", &signed_as(&pae(Domain::GOVERNANCE, &event), &[]), bad);
    cases.record("signed without a domain", &signed_as(&event, &[]), bad);
    cases.record("signed with a context", &signed_as(&event_signing_bytes(&event), b"cybermesh"), bad);
    cases.record(
        "another event under these signatures",
        &{
            let mut record =
                SignedEvent::decode(signed_as(&event_signing_bytes(&event), &[]).as_slice()).unwrap();
            record.event = anomaly(&producer, 2).encode_to_vec();
            record.encode_to_vec()
        },
        bad,
    );
}

fn keys(cases: &mut Cases) {
    let record = signed(&anomaly(&cases.producer, 1), &cases.producer);
    let stranger = producer("det-2", Algorithm::MlDsa44);
    cases.push("unknown key", &record, WHOLE_BUNDLE, stranger.bundle(), "authn.deny.unknown_key");
    let bundle = cases.producer.bundle().clone();
    let mut half = SignedEvent::decode(record.as_slice()).unwrap();
    half.signatures.truncate(1);
    cases.push("classical half where it is enough", &half.encode_to_vec(), ED25519, &bundle, "ok");
    cases.push("both halves where one is enough", &record, ED25519, &bundle, "ok");
    let mut bad = SignedEvent::decode(record.as_slice()).unwrap();
    bad.signatures[1].sig[0] ^= 1;
    cases.push(
        "bad half that was not demanded",
        &bad.encode_to_vec(),
        ED25519,
        &bundle,
        "authn.deny.signature",
    );
    let mut alone = SignedEvent::decode(record.as_slice()).unwrap();
    alone.signatures.remove(0);
    cases.push(
        "post-quantum half alone",
        &alone.encode_to_vec(),
        ED25519,
        &bundle,
        "authn.deny.half_missing",
    );
    let mut more = SignedEvent::decode(record.as_slice()).unwrap();
    let extra = sign("det-1", Algorithm::MlDsa65, b"", &[]);
    more.signatures.push(Signature { kid: more.signatures[0].kid.clone(), alg: 3, sig: extra });
    cases.record("a half without registered key", &more.encode_to_vec(), "authn.deny.algorithm");
}

/// Two holders of a piece of evidence, each signing what it got.
fn chain_of_custody(event: &Event, times: [u64; 2]) -> Vec<CustodyHop> {
    let content = sha256(&[&event.payload]);
    let mut hops: Vec<CustodyHop> = Vec::new();
    for (name, at_ms) in ["collector", "analyst"].into_iter().zip(times) {
        let holder = producer(name, Algorithm::MlDsa44);
        let kid = holder.bundle().kid();
        let mut hop = CustodyHop {
            kid: kid.0.as_bytes().to_vec(),
            at_ms,
            note: format!("{name} took over"),
            signatures: vec![],
        };
        let message = custody_statement(&content, hops.last(), &hop);
        hop.signatures = signature_list(kid, holder.sign(&message).unwrap());
        hops.push(hop);
    }
    hops
}

fn custody(cases: &mut Cases) {
    let broken = "event.custody";
    let known = ["collector", "analyst"].map(|name| producer(name, Algorithm::MlDsa44).bundle().clone());
    let mut push = |name: &str,
                    times: [u64; 2],
                    holders: &[KeyBundle],
                    expect: &str,
                    change: fn(&mut Vec<CustodyHop>)| {
        let mut event = anomaly(&cases.producer, 1);
        event.custody = chain_of_custody(&event, times);
        change(&mut event.custody);
        let bytes = signed(&event, &cases.producer);
        cases.record(name, &bytes, "ok");
        let holders: Vec<serde_json::Value> =
            holders.iter().map(|b| hex(&encode_canonical(b)).into()).collect();
        let case = cases.cases.pop().unwrap();
        cases.cases.push(case.with("custody", holders).with("custody_expect", expect));
    };
    push("custody of two hops", [1, 2], &known, "ok", |_| {});
    push("custody at one moment", [2, 2], &known, "ok", |_| {});
    push("custody backwards in time", [2, 1], &known, broken, |_| {});
    push("custody of an unknown holder", [1, 2], &known[..1], broken, |_| {});
    push("custody with a hop missing", [1, 2], &known, broken, |hops| drop(hops.remove(0)));
    push("custody in another order", [2, 2], &known, broken, |hops| hops.swap(0, 1));
    push("custody with a note changed", [1, 2], &known, broken, |hops| hops[0].note = "nothing".into());
    push("custody with half a signature", [1, 2], &known, broken, |hops| drop(hops[1].signatures.pop()));
}
