import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type ListedTag } from '@vedette/protocol';
import { call } from '../../api/call.ts';
import { keyOf } from '../../api/use-api.ts';
import { Failure } from '../../ui/Failure.tsx';
import { plural } from '../../ui/format.ts';

/** Shows what depends on a tag; it can go when nothing does. */
export function DeleteTag({ tag, onClose }: { tag: ListedTag; onClose: () => void }) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => call(endpoints.deleteTag, { params: { name: tag.name } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listTags) });
      onClose();
    },
  });
  const isUsed = tag.usedBy.length > 0;
  return (
    <Modal
      visible
      header={`Delete “${tag.name}”?`}
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
            <Button variant="primary" disabled={isUsed} loading={remove.isPending} onClick={() => remove.mutate()}>
              Delete tag
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      {remove.error ? <Failure error={remove.error} /> : null}
      {isUsed ? (
        <>
          <p>It cannot go while these use it:</p>
          <ul>
            {tag.usedBy.map((use) => (
              <li key={use}>{use}</li>
            ))}
          </ul>
        </>
      ) : (
        <p>It is on {plural(tag.assets, 'asset')}, whose risk may change. Views of the past still know what it meant.</p>
      )}
    </Modal>
  );
}
