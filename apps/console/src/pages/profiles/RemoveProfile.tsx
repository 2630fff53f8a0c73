import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type Profile } from '@vedette/protocol';
import { call } from '../../api/call.ts';
import { keyOf } from '../../api/use-api.ts';
import { FormModal } from '../../ui/FormModal.tsx';
import { PreviewChange } from './PreviewChange.tsx';

/** Shows what would change without a profile, before it goes. */
export function RemoveProfile({ profile, onClose }: { profile: Profile; onClose: () => void }) {
  const { profileId, name } = profile;
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => call(endpoints.deleteProfile, { params: { profileId } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listProfiles) });
      onClose();
    },
  });
  return (
    <FormModal
      title={`Remove “${name}”?`}
      action="Remove profile"
      usable
      busy={remove.isPending}
      error={remove.error}
      onSubmit={() => remove.mutate()}
      onClose={onClose}
    >
      <PreviewChange change={{ profileId, profile: null }} />
    </FormModal>
  );
}
