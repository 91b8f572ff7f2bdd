"""One running app per profile; a second start hands its link over and ends."""

import sys

from PySide6.QtCore import QLockFile, QObject, QStandardPaths, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

_LONGEST_MESSAGE = 1024
_WAIT_MS = 1000
_UNCONNECTED = QLocalSocket.LocalSocketState.UnconnectedState


class SingleInstance(QObject):
    """`asked` carries the link of a second start, or an empty text."""

    asked = Signal(str)

    def __init__(self, profile: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        name = f"wzp-desktop-{profile or 'default'}"
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.RuntimeLocation)
        # A path inside the user's own folder: in a shared one, somebody else could take the name.
        self._address = name if sys.platform == "win32" else f"{folder}/{name}"
        self._lock = QLockFile(f"{folder}/{name}.lock")
        self._lock.setStaleLockTime(0)  # held as long as the process lives
        self._visitors = list[QLocalSocket]()
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)

    def claim(self) -> bool:
        """True for the first app of this profile, which then listens."""
        if not self._lock.tryLock(0):
            return False
        QLocalServer.removeServer(self._address)  # left behind by a crash
        self._server.listen(self._address)
        return True

    def hand_over(self, link: str) -> bool:
        """Tells the first app what the second was asked to open; False where it does not answer."""
        socket = QLocalSocket()
        socket.connectToServer(self._address)
        if not socket.waitForConnected(_WAIT_MS):
            return False
        socket.write(link.encode()[:_LONGEST_MESSAGE] + b"\n")
        socket.waitForBytesWritten(_WAIT_MS)
        socket.disconnectFromServer()
        return True

    def release(self) -> None:
        self._server.close()
        self._lock.unlock()

    def _on_connection(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            self._visitors.append(socket)
            socket.readyRead.connect(self._read)
            socket.disconnected.connect(self._read)
            self._read()

    def _read(self) -> None:
        """Takes the line of every visitor that has sent one; the visitor ends the connection."""
        for socket in list(self._visitors):
            if socket.canReadLine():
                line = bytes(socket.readLine(_LONGEST_MESSAGE + 2).data())
                self._dismiss(socket)
                self.asked.emit(line.decode(errors="replace").strip())
            elif socket.bytesAvailable() > _LONGEST_MESSAGE or socket.state() is _UNCONNECTED:
                self._dismiss(socket)

    def _dismiss(self, socket: QLocalSocket) -> None:
        self._visitors.remove(socket)
        socket.readyRead.disconnect(self._read)
        socket.disconnected.disconnect(self._read)
        socket.deleteLater()
