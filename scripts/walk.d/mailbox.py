"""A real SMTP server that keeps what it is given."""

import asyncio
import email
import email.policy
import re
import ssl
import threading
import time

from aiosmtpd.controller import Controller

import authority
from doorward import free_port
from steps import holds


class Mailbox:
    """Messages in the order of their arrival; `pace` is how long, in seconds, this server thinks about each one."""

    def __init__(self, pace=0.0, certificate=None):
        self.pace = pace
        self.messages = []
        self._arrived = threading.Condition()
        self.port = free_port()
        tls = {}
        if certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate.chain, certificate.key)
            tls = {"tls_context": context, "require_starttls": True}
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **tls)

    def __enter__(self):
        self._controller.start()
        return self

    def __exit__(self, *_):
        self._controller.stop()

    async def handle_DATA(self, _server, _session, envelope):
        """Called by aiosmtpd with each message."""
        if self.pace:
            await asyncio.sleep(self.pace)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        with self._arrived:
            self.messages.append((list(envelope.rcpt_tos), message))
            self._arrived.notify_all()
        return "250 kept"

    def of(self, address):
        """What has arrived for this address, each sent to it alone."""
        with self._arrived:
            mine = [(recipients, message) for recipients, message in self.messages if address in recipients]
        for recipients, message in mine:
            holds(recipients == [address], f"one recipient a message, not {recipients}")
            holds(message["To"] == address, f"To: {message['To']}")
        return [message for _, message in mine]

    def wait_for(self, address, count=1, within=20):
        """The messages for this address once there are `count`."""
        deadline = time.monotonic() + within
        with self._arrived:
            while len(found := self._count(address)) < count:
                if not self._arrived.wait(deadline - time.monotonic()):
                    raise AssertionError(f"{len(found)} of {count} messages for {address} within {within} s")
        return self.of(address)

    def _count(self, address):
        return [recipients for recipients, _ in self.messages if address in recipients]

    def code_for(self, address, count=1):
        """The code in the newest of `count` messages, the same in the text part and in the HTML part."""
        message = self.wait_for(address, count)[-1]
        texts = {kind: message.get_body((kind,)).get_content() for kind in ("plain", "html")}
        code = re.search(r"\b\d{6}\b", texts["plain"])
        holds(code, f"no code of six digits in: {texts['plain']}")
        holds(code.group() in texts["html"], "the HTML part tells the same code")
        return code.group()

    def settings(self):
        """Doorward's settings for sending here over plain SMTP."""
        return {
            "mail.host": "127.0.0.1",
            "mail.port": self.port,
            "mail.tls": "none",
            "mail.from": "doorward@example.com",
        }

    def settings_with_starttls(self):
        """The same over STARTTLS, by the name that the certificate carries."""
        return {**self.settings(), "mail.host": authority.NAME, "mail.tls": "starttls"}
