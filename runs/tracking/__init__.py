"""Work that agents report by themselves: their reports, their lists, their sessions; nothing here is dispatched."""
