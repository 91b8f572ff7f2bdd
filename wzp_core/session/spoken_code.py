"""What a call shows of its code to compare by voice, from the first step of the exchange to the user's word."""

from dataclasses import replace

from wzp_core.crypto.sas import SasCallee, SasCaller, SasCode
from wzp_core.protocol.ids import CallId
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.session.state import SasStage, SasView


class SpokenCode:
    """One call's; `view` is what the user may be told."""

    def __init__(self, call_id: CallId, *, nonce: bytes, decoys: bytes) -> None:
        """`nonce` and `decoys` are chance, 32 and 16 bytes."""
        self._call_id, self._nonce, self._decoys = call_id, nonce, decoys
        self._sas: SasCaller | SasCallee | None = None
        self.view = SasView()

    def begin(self, root: bytes, *, is_caller: bool) -> list[SignalMessage]:
        """The keys are agreed; returns what is to be sent."""
        self.view = SasView(stage=SasStage.EXCHANGING)
        if not is_caller:
            self._sas = SasCallee(root, self._call_id, self._nonce, decoys=self._decoys)
            return []
        self._sas = caller = SasCaller(root, self._call_id, self._nonce)
        return [caller.commit()]

    def step(self, message: SignalMessage) -> list[SignalMessage]:
        """A step of the peer's; returns ours. Raises RemoteViolation(VERIFICATION_FAILED)."""
        answers: list[SignalMessage] = []
        for step in self._sas.handle(message) if self._sas is not None else ():
            if isinstance(step, SasCode):
                self.view = SasView(stage=SasStage.READY, code=step.code, choices=step.choices)
            else:
                answers.append(step)
        return answers

    def overdue(self) -> None:
        """No code came for long; it may still."""
        if self.view.stage is SasStage.EXCHANGING:
            self.view = SasView()

    def violated(self) -> None:
        """The peer broke a rule, of this exchange or another."""
        if self._sas is not None:
            self.view = SasView(stage=SasStage.FAILED)

    def compared(self, matches: bool) -> bool:
        """Whether there was a code that the user can have compared."""
        if self.view.stage is not SasStage.READY:
            return False
        self.view = replace(self.view, stage=SasStage.CONFIRMED if matches else SasStage.FAILED)
        return True
