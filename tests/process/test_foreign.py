"""A client in another language, from proto/unsay/v1 and docs/protocol.md alone, meets the server: it
sends, follows, takes back, before and after, and reads what is left."""

import pathlib
import unittest

import harness
import wire

ROOT = pathlib.Path(__file__).resolve().parents[2]
EVENTS, FRAMES = wire.load_schema(str(ROOT))

from unsay.v1 import audit_pb2 as AUDIT  # noqa: E402, made by load_schema


class Foreign(harness.ServerCase):
    def connect(self, user, device):
        secret = (self.server.data / "dev.key").read_bytes()
        client = wire.WireClient(FRAMES, self.server.listen)
        self.addCleanup(client.close)
        welcome = client.hello(wire.make_token(secret, user, device))
        self.assertEqual(welcome.WhichOneof("body"), "welcome", welcome)
        self.assertEqual((welcome.welcome.user, welcome.welcome.device), (user, device))
        return client

    def open(self, client, user):
        return client.ask(open_conversation=FRAMES.OpenConversation(user=user)).opened.conversation

    def send(self, client, conversation, body, message_id=None, after=b""):
        message_id = message_id or wire.new_message_id()
        answer = client.ask(send=FRAMES.Send(
            conversation=conversation, message_id=message_id, body=body, after=after,
            content_type=EVENTS.CONTENT_TYPE_TEXT))
        return message_id, answer

    def recall(self, client, conversation, request_id, **target):
        return client.ask(recall=FRAMES.RecallRequest(
            conversation=conversation, request_id=request_id, reason="sent too soon",
            targets=[FRAMES.Target(**target)])).recall

    def test_story(self):
        alice, bob = self.connect("alice", "phone"), self.connect("bob", "laptop")
        talk = self.open(alice, "bob")
        self.assertEqual(talk, self.open(bob, "alice"))

        message_id, first = self.send(alice, talk, "你好".encode())
        self.assertEqual(first.accepted.seq, 2)
        self.assertEqual(self.send(alice, talk, "again".encode(), message_id)[1].accepted,
                         first.accepted)
        self.assertEqual([bob.next_news().event.seq for _ in range(2)], [1, 2])
        ack = bob.ask(ack=FRAMES.Ack(cursors=[FRAMES.Cursor(
            conversation=talk, origin=1, stored=2, displayed=2)]))
        self.assertEqual(ack.ack.cursors[0].stored, 2)
        while alice.next_place("bob") != (2, 2):
            continue

        result = self.recall(alice, talk, b"first", seq=2)
        self.assertEqual(result.outcomes[0].outcome, AUDIT.RECALL_OUTCOME_RECALLED)
        self.assertEqual(self.recall(alice, talk, b"first", seq=2), result)
        again = self.recall(alice, talk, b"second", origin=1, seq=2)
        self.assertEqual(again.outcomes[0].outcome, AUDIT.RECALL_OUTCOME_ALREADY_RECALLED)
        notice = bob.next_news().notice
        self.assertEqual((notice.seq, notice.recall.target_seq), (3, 2))
        self.assertEqual(notice.recall.reason, "sent too soon")

        events, end = self.connect("bob", "new").read(talk)
        self.assertEqual([event.seq for event in events], [1, 2, 3])
        self.assertEqual(end.page_end.head, 3)
        self.assertEqual(events[1].message.state, EVENTS.MESSAGE_STATE_RECALLED)
        self.assertEqual(events[1].message.body, b"")
        self.assertEqual(events[1].message.tombstone.recall_seq, 3)

    def test_recall_before_its_message(self):
        carol, dave = self.connect("carol", "phone"), self.connect("dave", "laptop")
        talk = self.open(carol, "dave")
        dave.next_news()
        message_id = wire.new_message_id()
        early = self.recall(carol, talk, b"early", message_id=message_id)
        self.assertEqual(early.outcomes[0].outcome, AUDIT.RECALL_OUTCOME_PENDING)
        _, accepted = self.send(carol, talk, b"never to be seen", message_id)
        self.assertEqual(accepted.accepted.state, EVENTS.MESSAGE_STATE_RECALLED)
        told = [dave.next_news() for _ in range(2)]
        self.assertNotIn(b"never to be seen", b"".join(f.SerializeToString() for f in told))

    def test_order_holds_when_a_predecessor_is_missing(self):
        erin = self.connect("erin", "phone")
        talk = self.open(erin, "frank")
        missing = wire.new_message_id()
        second, refused = self.send(erin, talk, b"second", after=missing)
        self.assertEqual(refused.error.code, FRAMES.ERROR_CODE_OUT_OF_ORDER)
        self.assertTrue(refused.error.retryable)
        self.send(erin, talk, b"first", missing)
        _, accepted = self.send(erin, talk, b"second", second, after=missing)
        self.assertEqual(accepted.accepted.seq, 3)


if __name__ == "__main__":
    harness.main()
