//! Lies about who may decide when: epochs and handovers.

use cybermesh_proto::agree::*;
use cybermesh_proto::receipt::Receipt;
use cybermesh_proto::wire::List;
use cybermesh_proto::*;

use super::{Liar, Lie};
use crate::chain::Chain;
use crate::cluster::{members, set_of};

impl Liar {
    pub(super) fn about_epochs(&self) -> Vec<Lie> {
        let above = self.past.receipt(3, 0);
        let unknown = {
            let newest = self.truth.chain.receipt_under_newest(1, 0);
            let handovers = List::new(newest.handovers[..1].to_vec()).unwrap();
            Receipt { handovers, ..newest }
        };
        let last = self.with_true_handovers(self.past.receipt(2, 0));
        let before = {
            let mut receipt = self.truth.chain.receipt(3, 0);
            receipt.decision.height = Height::new(2);
            self.recertified(receipt, 1)
        };
        let mut ended = Chain::new(self.truth.chain.genesis.genesis().clone(), members("node", 4));
        ended.decide_and_stay(vec![(Self::invented(60), Code::EventApplied)], &members("thief", 4));
        ended.decide(vec![(Self::invented(61), Code::EventApplied)]);
        vec![
            self.lie(
                "an epoch ends, and goes on in the same file",
                Code::ReceiptEpochEnded,
                &ended.receipt_under_newest(1, 0),
            ),
            self.lie(
                "stolen keys of epoch 0 end it earlier than it ended",
                Code::ReceiptHandoverFork,
                &self.with_true_handovers(ended.receipt(1, 0)),
            ),
            self.lie(
                "stolen keys of epoch 0 decide above its end, handovers shown",
                Code::ReceiptEpochEnded,
                &self.with_true_handovers(above.clone()),
            ),
            self.remembering(self.lie(
                "stolen keys of epoch 0 decide above its end, handovers hidden from one who knows them",
                Code::ReceiptEpochEnded,
                &above,
            )),
            self.lie("stolen keys of epoch 0 replace its last decision", Code::ReceiptHandoverFork, &last),
            self.remembering(self.lie(
                "stolen keys of epoch 0 replace its last decision, handovers hidden from one who knows them",
                Code::ReceiptHandoverFork,
                &self.past.receipt(2, 0),
            )),
            self.lie(
                "stolen keys of epoch 1 decide at the height that ended epoch 0",
                Code::ReceiptEpochNotBegun,
                &before,
            ),
            self.lie("handovers cut short of the certificate's epoch", Code::ReceiptEpochUnknown, &unknown),
        ]
    }

    pub(super) fn about_handovers(&self) -> Vec<Lie> {
        let newest = self.truth.chain.receipt_under_newest(1, 0);
        let with =
            |handovers: Vec<Handover>| Receipt { handovers: List::new(handovers).unwrap(), ..newest.clone() };
        let true_ones = &self.truth.chain.handovers;
        let changed = |change: &dyn Fn(&mut Handover)| {
            let mut handovers = true_ones.clone();
            change(&mut handovers[1]);
            with(handovers)
        };
        let mut forked = self.past.clone();
        forked.hand_over(members("thief", 4));
        forked.decide(vec![(Self::invented(90), Code::EventApplied)]);
        let last = forked.height().get();
        let mut unsafe_set = self.past.clone();
        unsafe_set.hand_over(members("thief", 3));
        let unsafe_set = Receipt {
            handovers: List::new(unsafe_set.handovers.clone()).unwrap(),
            ..self.past.receipt(1, 0)
        };
        let swapped = vec![true_ones[1].clone(), true_ones[0].clone()];
        let doubled = vec![true_ones[0].clone(), true_ones[0].clone()];
        vec![
            self.remembering(self.lie(
                "stolen keys of epoch 0 hand over to the thief",
                Code::ReceiptHandoverFork,
                &forked.receipt(last, 0),
            )),
            self.lie(
                "stolen keys of epoch 0 hand over to an unsafe set",
                Code::ValidatorSetSize,
                &unsafe_set,
            ),
            self.lie("handovers in another order", Code::EpochOther, &with(swapped)),
            self.lie("one handover twice", Code::EpochOther, &with(doubled)),
            self.lie(
                "a handover with other validators",
                Code::HandoverSet,
                &changed(&|handover| handover.next = set_of(&members("thief", 4))),
            ),
            self.lie(
                "a handover by a decision that ends nothing",
                Code::HandoverDecision,
                &changed(&|handover| {
                    handover.decision.next_validator_set_hash = handover.decision.validator_set_hash;
                }),
            ),
            self.lie(
                "a handover whose decision names other validators than were certified",
                Code::CertificateDecision,
                &changed(&|handover| {
                    handover.next = set_of(&members("thief", 4));
                    handover.decision.next_validator_set_hash = handover.next.hash();
                }),
            ),
        ]
    }
}
