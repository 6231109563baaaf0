"""`make fuzz`: Schemathesis writes requests from the OpenAPI document, right ones and wrong ones, alone and in chains;
the real application answers them, in this process, to everybody who may ask. See `docs/development.md`.

No request may be answered by an error of the server, by a status, type or field that the document does not name, or
take what the document forbids; and one that is refused changes nothing and says what was wrong with it.
"""
