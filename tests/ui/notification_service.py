"""A notification service for tests: prints what it is asked and clicks the action named on its command line."""

import sys

from jeepney import DBusAddress, HeaderFields, MessageType, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

NAME, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
SHOWN = 7


def main() -> None:
    connection = open_dbus_connection("SESSION")
    connection.send_and_get_reply(message_bus.RequestName(NAME))
    print("ready", flush=True)
    while True:
        message = connection.receive()
        if message.header.message_type is not MessageType.method_call:
            continue
        member = message.header.fields[HeaderFields.member]
        signature = message.header.fields.get(HeaderFields.signature)
        print(member, signature, *message.body, sep="|", flush=True)
        if member == "Notify":
            connection.send(new_method_return(message, "u", (SHOWN,)))
            if len(sys.argv) > 1:
                place = DBusAddress(PATH, interface=NAME)
                connection.send(new_signal(place, "ActionInvoked", "us", (SHOWN, sys.argv[1])))
        else:
            connection.send(new_method_return(message))


if __name__ == "__main__":
    main()
